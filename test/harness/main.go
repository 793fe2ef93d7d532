package harness

import (
	"fmt"
	"os"
	"testing"
)

// Main is what a package's TestMain is: it builds the program, runs the tests and
// ends the process.
func Main(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	remove, err := Build()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer remove()
	return m.Run()
}
