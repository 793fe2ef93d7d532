package examples

import (
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"gatepost/test/harness"
)

// One command starts each example with a gateway before it: its page is there, and
// a client that comes from it gets through to the backend. The command's end is
// the end of both.
func TestOneCommandStartsEachExample(t *testing.T) {
	for _, name := range []string{"node", "python", "php-webhook"} {
		t.Run(name, func(t *testing.T) {
			if strings.HasPrefix(name, "php") {
				needPHP(t)
			}
			gateway, page := harness.ClosedPort(t), harness.ClosedPort(t)
			_, port, _ := strings.Cut(page, ":")
			command := listen(t, "../../examples", page, []string{"./start.sh", name}, "GATEPOST="+harness.Binary(),
				"GATEPOST_ADDR="+gateway, "PORT="+port, "GATEPOST_DATA_DIR="+filepath.Join(t.TempDir(), "data"))
			t.Cleanup(func() { // also where the test fails: what the command starts is in groups of its own
				_ = command.Signal(syscall.SIGINT)
				harness.Eventually(t, "both end", func() bool { return !listens(gateway) && !listens(page) })
			})
			harness.Eventually(t, "the gateway listens", func() bool { return listens(gateway) })

			response, err := http.Get("http://" + page + "/")
			if err != nil {
				t.Fatal(err)
			}
			html, _ := io.ReadAll(response.Body)
			response.Body.Close()
			if response.StatusCode != http.StatusOK || !strings.Contains(string(html), `"ws://`+gateway+`/ws"`) {
				t.Errorf("the page: %d %s", response.StatusCode, html)
			}
			anna := (&harness.Node{Addr: gateway}).Connect(t, harness.Dial{Path: "/ws?name=anna", Header: http.Header{"Origin": {"http://" + page}}})
			anna.Send(t, "hello")
			if got, want := anna.Text(t), `{"from":"anna","text":"hello"}`; !harness.SameJSON([]byte(got), []byte(want)) {
				t.Errorf("got %s, want %s", got, want)
			}

			if err := command.Signal(syscall.SIGINT); err != nil {
				t.Fatal(err)
			}
			anna.WantClosed(t, 1001)
		})
	}
}

func listens(addr string) bool {
	conn, err := net.DialTimeout("tcp", addr, time.Second)
	if err == nil {
		conn.Close()
	}
	return err == nil
}
