package hub

import (
	"testing"

	"go.uber.org/goleak"
)

// Every test ends what it starts: a client's end leaves no goroutine behind.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
