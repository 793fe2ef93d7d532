package cluster

import (
	"fmt"
	"os"
	"testing"

	"gatepost/test/harness"
)

func TestMain(m *testing.M) {
	remove, err := harness.Build()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	status := m.Run()
	remove()
	os.Exit(status)
}
