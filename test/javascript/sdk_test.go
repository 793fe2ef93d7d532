// Package javascript runs the tests of the JavaScript client library, sdk/js.
package javascript

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"gatepost/test/harness"
)

const sdk = "../../sdk/js"

func TestMain(m *testing.M) { harness.Main(m) }

// node runs Node.js in sdk/js with these arguments, which must end well.
func node(t *testing.T, env []string, args ...string) {
	t.Helper()
	command := exec.CommandContext(t.Context(), "node", args...)
	command.Dir = sdk
	command.Env = harness.Environ(env...)
	if out, err := command.CombinedOutput(); err != nil {
		t.Errorf("node %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// files are the test files of a folder of sdk/js.
func files(t *testing.T, folder string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(sdk, folder, "*.test.js"))
	if err != nil || len(found) == 0 {
		t.Fatalf("no tests in %s: %v", folder, err)
	}
	for i, path := range found {
		found[i] = filepath.Join(folder, filepath.Base(path))
	}
	return found
}

func TestByItself(t *testing.T) {
	harness.InstallNPM(t, sdk)
	node(t, nil, append([]string{"--test"}, files(t, "test")...)...)
}

// The types are what the test's program needs of them, and forbid what they should.
func TestTypes(t *testing.T) {
	harness.InstallNPM(t, sdk)
	node(t, nil, "node_modules/typescript/bin/tsc", "--project", "test")
}

// The library with a real gateway, on the WebSocket of the package ws and on
// Node's own.
func TestWithGateway(t *testing.T) {
	harness.InstallNPM(t, sdk)
	binary := "GATEPOST_BINARY=" + harness.Binary()
	tests := append([]string{"--test"}, files(t, "test/gateway")...)
	t.Run("ws", func(t *testing.T) { node(t, []string{binary}, tests...) })
	t.Run("global", func(t *testing.T) {
		if exec.Command("node", "-e", "WebSocket").Run() == nil {
			node(t, []string{binary, "TEST_WEBSOCKET=global"}, tests...)
			return
		}
		node(t, []string{binary, "TEST_WEBSOCKET=global"}, append([]string{"--experimental-websocket"}, tests...)...)
	})
}
