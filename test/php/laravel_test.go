package php

import (
	"testing"
	"time"
)

// The connector of Laravel Echo, with a connection and a Laravel that the tests play.
// The other half, Laravel itself, is in PHPUnit's tests.
func TestEchoConnector(t *testing.T) {
	run(t, time.Minute, nil, "node", "--test", "tests/echo.test.mjs")
}
