// Package php tests the PHP library in sdk/php with a real gateway.
package php

import (
	"testing"

	"gatepost/test/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }
