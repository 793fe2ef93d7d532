package test

import (
	"flag"
	"testing"

	"gatepost/test/harness"
)

func TestMain(m *testing.M) {
	// Most of these tests wait for a time-out of the node's: more of them than there
	// are cores may do so at once. It stands before what the command line says.
	_ = flag.Set("test.parallel", "8") // fails only for a flag that go test doesn't have
	harness.Main(m)
}
