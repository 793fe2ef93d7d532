package examples

import (
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"gatepost/test/harness"
)

// The online table of examples/php-presence is right in the end, whatever died: a
// gateway that is killed and starts again, a window that is cut off, a gateway
// that drains.
func TestPHPPresence(t *testing.T) {
	needPHP(t)
	addr := serve(t, "../../examples/php-presence", "online.php",
		"GATEPOST_WEBHOOK_SECRET="+webhookSecret, "ONLINE_DB="+filepath.Join(t.TempDir(), "online.sqlite"))
	env := harness.Env{
		"GATEPOST_WEBHOOK_URL": "http://" + addr + "/", "GATEPOST_WEBHOOK_SECRET": webhookSecret,
		"GATEPOST_DATA_DIR": filepath.Join(t.TempDir(), "data"),
	}
	online := func(want string) {
		t.Helper()
		var got string
		harness.Eventually(t, fmt.Sprintf("the table says %s", want), func() bool {
			res, err := http.Get("http://" + addr + "/online")
			if err != nil {
				return false
			}
			defer res.Body.Close()
			body, _ := io.ReadAll(res.Body)
			got = string(body)
			return got == want
		})
	}

	node := harness.Start(t, env)
	node.Connect(t, harness.Dial{Path: "/ws?name=anna"})
	second := node.Connect(t, harness.Dial{Path: "/ws?name=anna"})
	node.Connect(t, harness.Dial{Path: "/ws?name=bob"})
	online(`{"anna":2,"bob":1}`)
	second.Cut()
	online(`{"anna":1,"bob":1}`)

	node.Signal(syscall.SIGKILL)
	node.Exit(10 * time.Second)
	online(`{"anna":1,"bob":1}`) // nobody has told PHP yet
	node = harness.Start(t, env)
	online(`{}`)

	node.Connect(t, harness.Dial{Path: "/ws?name=bob"})
	online(`{"bob":1}`)
	node.Signal(syscall.SIGTERM)
	if status := node.Exit(10 * time.Second); status != 0 {
		t.Errorf("exit status %d", status)
	}
	online(`{}`)
}
