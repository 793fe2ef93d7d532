package examples

import (
	"testing"

	"gatepost/test/harness"
)

// serve runs a script on PHP's built-in server and returns its address.
func serve(t *testing.T, dir, script string, env ...string) string {
	t.Helper()
	addr := harness.ClosedPort(t)
	harness.Program(t, dir, addr, []string{"php", "-S", addr, script}, append(env, "PHP_CLI_SERVER_WORKERS=4")...)
	return addr
}
