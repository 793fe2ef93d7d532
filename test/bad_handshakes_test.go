package test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"gatepost/test/harness"
	"gatepost/test/wait"
)

// A handshake that isn't one is refused with the status that says what is wrong,
// and costs no event.
func TestBadHandshakes(t *testing.T) {
	t.Parallel()
	backend := harness.NewBackend(t, nil)
	node := harness.Start(t, backend.Env(nil))
	const upgrade, version, key = "Connection: Upgrade\r\nUpgrade: websocket\r\n", "Sec-WebSocket-Version: 13\r\n", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
	for _, c := range []struct {
		name, line, headers string
		status              int
	}{
		{"not an upgrade", "GET /ws", "", 426},
		{"an upgrade to something else", "GET /ws", "Connection: Upgrade\r\nUpgrade: h2c\r\n" + version + key, 426},
		{"another version", "GET /ws", upgrade + key + "Sec-WebSocket-Version: 12\r\n", 426},
		{"POST", "POST /ws", upgrade + version + key + "Content-Length: 0\r\n", 405},
		{"no key", "GET /ws", upgrade + version, 400},
		{"a key of other bytes", "GET /ws", upgrade + version + "Sec-WebSocket-Key: c2hvcnQ=\r\n", 400},
		{"two keys", "GET /ws", upgrade + version + key + key, 400},
		{"a body", "GET /ws", upgrade + version + key + "Content-Length: 5\r\n\r\nhello", 400},
		{"a query of 9 KiB", "GET /ws?" + strings.Repeat("q", 9<<10), upgrade + version + key, 414},
		{"headers of 40 KiB", "GET /ws", upgrade + version + key + "x-large: " + strings.Repeat("h", 40<<10) + "\r\n", 431},
		{"200 headers", "GET /ws", upgrade + version + key + strings.Repeat("x-many: h\r\n", 200), 431},
		{"a path beside", "GET /wss", upgrade + version + key, 404},
	} {
		t.Run(c.name, func(t *testing.T) {
			conn, err := net.Dial("tcp", node.Addr)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			_ = conn.SetDeadline(time.Now().Add(wait.Patience))
			if _, err := io.WriteString(conn, c.line+" HTTP/1.1\r\nHost: "+node.Addr+"\r\n"+c.headers+"\r\n"); err != nil {
				t.Fatal(err)
			}
			resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			if resp.StatusCode != c.status {
				t.Errorf("the status is %d, want %d", resp.StatusCode, c.status)
			}
		})
	}
	if n := len(backend.Received(harness.Of("connect", ""))); n != 0 {
		t.Errorf("the backend was asked %d times", n)
	}
	node.Healthy(t, harness.Dial{})
}
