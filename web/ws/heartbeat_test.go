package ws

import (
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"gatepost/hub"
	"gatepost/protocol"
)

// A client that asks for a heartbeat is told its text, and gets that back; for all others,
// and with every other text, it is a message as any.
func TestNegotiatedHeartbeat(t *testing.T) {
	for query, asked := range map[string]bool{
		"": false, "?heartbeat=1": true, "?a=b&heartbeat=1&c": true, "?heartbeat=0": false, "?heartbeat": false, "?heartbeat=30": false,
		"?myheartbeat=1": false, "?heartbeat=2&heartbeat=1": false,
	} {
		t.Run(query, func(t *testing.T) {
			messages := make(chan string, 10)
			r := newRig(t, hub.Options{}, func(_ *Config, g *core) {
				g.message = func(_ *hub.Client, m protocol.Message) { messages <- string(m.Payload) }
			})
			conn, _, err := websocket.DefaultDialer.Dial(r.url("/ws"+query), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			_ = conn.SetReadDeadline(time.Now().Add(soon))
			welcome, named, _ := strings.Cut(readText(t, conn), "\n")
			id := strings.TrimPrefix(welcome, "welcome ")
			if (named != "") != asked || asked && named != protocol.Heartbeat(id) {
				t.Fatalf("the welcome names %q", named)
			}
			own := protocol.Heartbeat(id)
			for _, text := range []string{own, "ping", own + "x", protocol.Heartbeat("another"), strings.ToUpper(own), ""} {
				if err := conn.WriteMessage(websocket.TextMessage, []byte(text)); err != nil {
					t.Fatal(err)
				}
				if asked && text == own {
					if got := readText(t, conn); got != own {
						t.Errorf("the answer is %q", got)
					}
					continue
				}
				if got := <-messages; got != text {
					t.Errorf("the message is %q, want %q", got, text)
				}
			}
			if err := conn.WriteMessage(websocket.BinaryMessage, []byte(own)); err != nil {
				t.Fatal(err)
			}
			if got := <-messages; got != own {
				t.Errorf("the binary message is %q", got)
			}
		})
	}
}
