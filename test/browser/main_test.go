// Package browser tests the demo and its page in a real browser.
package browser

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// binary is the program under test.
var binary string

// patience is how long a test waits for what must happen; one that passes waits
// only as long as it takes.
const patience = 30 * time.Second

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "gatepost-browser-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "gatepost")
	if out, err := exec.Command("go", "build", "-o", binary, "gatepost/app").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "go build gatepost/app: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

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
