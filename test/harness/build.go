package harness

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// binary is the program under test, set by Build.
var binary string

// Binary is the path of the program that Build has built, for what starts it by
// itself.
func Binary() string { return binary }

// Build builds the program once for a test run and returns what removes it
// again. A test's working directory is its package, two floors up is the module.
func Build() (remove func(), err error) {
	dir, err := os.MkdirTemp("", "gatepost-test-")
	if err != nil {
		return nil, err
	}
	remove = func() { _ = os.RemoveAll(dir) }
	binary = filepath.Join(dir, "gatepost")
	// Git tells nothing about a clone that belongs to somebody else, and Go would build
	// nothing then.
	args := []string{"build", "-buildvcs=false", "-o", binary}
	if Race {
		args = append(args, "-race")
	}
	build := exec.Command("go", append(args, "gatepost/app")...)
	if out, err := build.CombinedOutput(); err != nil {
		remove()
		return nil, fmt.Errorf("go build gatepost/app: %w\n%s", err, out)
	}
	return remove, nil
}
