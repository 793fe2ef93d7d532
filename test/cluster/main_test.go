package cluster

import (
	"flag"
	"testing"

	"gatepost/test/harness"
)

func TestMain(m *testing.M) {
	// Most of these tests wait for a lease to end: more of them than there are cores
	// may do so at once. It stands before what the command line says.
	_ = flag.Set("test.parallel", "8") // fails only for a flag that go test doesn't have
	harness.Main(m)
}
