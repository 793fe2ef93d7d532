package harness

import (
	"os"
	"testing"
)

// SocketDir is a folder until the test's end in which a Unix socket may lie: its whole
// path has room in some 100 bytes only, and TMPDIR and the test's name may take more.
func SocketDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "gatepost-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}
