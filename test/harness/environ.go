package harness

import (
	"os"
	"slices"
	"strings"
)

// Environ is the environment of another program than Gatepost, with more over it: that
// of who runs the tests, without what would make the program another one. A proxy
// would be asked for what is on the loopback.
func Environ(more ...string) []string {
	environ := slices.DeleteFunc(os.Environ(), func(variable string) bool {
		name, _, _ := strings.Cut(variable, "=")
		return meansGatepost(name) || strings.HasSuffix(strings.ToLower(name), "_proxy")
	})
	return append(environ, more...)
}

// meansGatepost says whether the gateway, the SDKs, the examples or their tests read
// this variable.
func meansGatepost(name string) bool {
	return name == "GATEPOST" || strings.HasPrefix(name, "GATEPOST_") ||
		slices.Contains([]string{"PORT", "PHP_ADDR", "PHP_CLI_SERVER_WORKERS", "PUBLIC_WS_URL", "CHAT_DB", "TEST_WEBSOCKET"}, name)
}
