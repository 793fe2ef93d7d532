//go:build race

package harness

// Race says whether the race detector watches the tests; the binary is built
// with it then, too.
const Race = true
