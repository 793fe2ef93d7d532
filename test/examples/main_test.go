// Package examples tests the programs in examples/ with a real gateway.
package examples

import (
	"testing"

	"gatepost/test/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }
