// Package browser tests in a real browser what runs in one: the demo's page, the
// JavaScript client library, and the chat in PHP.
package browser

import (
	"os"
	"os/exec"
	"testing"
	"time"

	"gatepost/test/harness"
)

// patience is how long a test waits for what must happen; one that passes waits
// only as long as it takes.
const patience = 30 * time.Second

func TestMain(m *testing.M) { harness.Main(m) }

// need finds a program that a test can't do without; where it is missing the
// test is skipped, but in CI it fails.
func need(t *testing.T, program string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil && os.Getenv("CI") != "" {
		t.Fatalf("%s is missing", program)
	}
	if err != nil {
		t.Skipf("%s is missing", program)
	}
	return path
}
