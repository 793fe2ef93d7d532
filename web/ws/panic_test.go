package ws

import (
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"gatepost/hub"
	"gatepost/protocol"
)

// A panic costs the connection it happened on, which is told, and nothing else.
func TestPanics(t *testing.T) {
	panics := func(*hub.Client, protocol.Message) { panic("in message") }
	for name, change := range map[string]func(*Config, *core){
		"message": func(_ *Config, g *core) { g.message = panics },
		"open":    func(_ *Config, g *core) { g.open = func(*hub.Client) { panic("in open") } },
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, hub.Options{}, change)
			conn, _, err := websocket.DefaultDialer.Dial(r.url("/ws"), nil)
			if name == "message" {
				if err != nil {
					t.Fatal(err)
				}
				defer conn.Close()
				_ = conn.SetReadDeadline(time.Now().Add(soon))
				readText(t, conn)
				if err := conn.WriteMessage(websocket.TextMessage, []byte("x")); err != nil {
					t.Fatal(err)
				}
				wantClose(t, conn, 1011)
			} else if err == nil {
				t.Error("a handshake that panicked was answered")
			}
			r.wantEnding(1011, protocol.ByGateway)
			if conn != nil {
				conn.Close()
			}
			r.awaitEmpty()
			if log := r.log.String(); !strings.Contains(log, "panicked") || !strings.Contains(log, "panic_test.go") {
				t.Errorf("the panic and its stack aren't logged:\n%s", log)
			}
			if resp, _ := r.refused("/elsewhere", nil); resp.StatusCode != 404 {
				t.Errorf("the server answers %d, want it to live", resp.StatusCode)
			}
		})
	}
}
