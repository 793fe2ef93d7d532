package ws

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"gatepost/hub"
	"gatepost/protocol"
	"gatepost/test/frames"
)

// Over its rate a client isn't read, nothing is lost, and it stays.
func TestThrottling(t *testing.T) {
	const rate, n = 100, 230
	r := newRig(t, hub.Options{}, func(c *Config, _ *core) { c.ClientRate = rate })
	conn := r.dial("/ws", nil)
	begun := time.Now()
	for i := range n {
		if err := conn.WriteMessage(websocket.TextMessage, fmt.Append(nil, i)); err != nil {
			t.Fatal(err)
		}
	}
	for i := range n {
		if got := readText(t, conn); got != fmt.Sprint(i) {
			t.Fatalf("message %d is %q", i, got)
		}
	}
	if took, atLeast := time.Since(begun), (n-2*rate)*time.Second/rate; took < atLeast*9/10 {
		t.Errorf("%d messages took %v, want at least %v at this rate", n, took, atLeast)
	}
}

// Sustained flooding, whatever with, closes with 1008.
func TestFlooding(t *testing.T) {
	for name, frame := range map[string][]byte{
		"messages": frames.Masked(0x82, nil), "heartbeats": frames.Masked(0x81, []byte("beat")), "pings": frames.Masked(0x89, make([]byte, 125)),
		"pongs": frames.Masked(0x8A, nil), "empty fragments": frames.Masked(0x00, nil),
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, hub.Options{}, func(c *Config, g *core) {
				c.ClientRate, c.Heartbeats = 50, []Heartbeat{{Receive: "beat"}}
				g.message = func(*hub.Client, protocol.Message) {}
			})
			r.h.patience = 100 * time.Millisecond
			c := r.upgraded()
			if frame[0] == 0 {
				c.send(frames.Masked(0x02, nil)) // what the fragments go on with
			}
			stop := c.flood(bytes.Repeat(frame, 100))
			defer stop()
			for {
				if f := c.frame(); f.Opcode == frames.OpClose {
					if f.Code() != 1008 {
						t.Errorf("got %q, want code 1008", f)
					}
					break
				}
			}
			r.wantEnding(1008, protocol.ByGateway)
		})
	}
}

// A close of the backend's isn't held up by the wait for the client's turn.
func TestClosedWhileThrottled(t *testing.T) {
	r := newRig(t, hub.Options{CloseTimeout: 50 * time.Millisecond}, func(c *Config, g *core) { c.ClientRate = 0.1 })
	conn := r.dial("/ws", nil)
	for range 2 { // the burst is one; the second waits ten seconds
		if err := conn.WriteMessage(websocket.TextMessage, []byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	readText(t, conn)
	begun := time.Now()
	r.core.hub.Each(func(c *hub.Client) bool {
		return c.Close(hub.Cause{Code: 4100, Initiator: protocol.ByBackend}, nil, false)
	})
	wantClose(t, conn, 4100)
	r.wantEnding(4100, protocol.ByBackend)
	if took := time.Since(begun); took > 5*time.Second {
		t.Errorf("the end took %v, want it not to wait for the turn", took)
	}
}

// A client that sends and doesn't read is closed by its queue, and its reading
// ends with it.
func TestSenderThatDoesNotRead(t *testing.T) {
	r := newRig(t, hub.Options{SendQueue: 64 << 10, CloseTimeout: 100 * time.Millisecond}, nil)
	c := r.upgraded()
	stop := c.flood(frames.Masked(0x81, bytes.Repeat([]byte("x"), 16<<10))) // each is echoed
	defer stop()
	r.wantEnding(4008, protocol.ByGateway)
	r.awaitEmpty()
}
