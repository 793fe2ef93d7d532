package ws

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"gatepost/hub"
	"gatepost/protocol"
	"gatepost/test/counted"
	"gatepost/test/frames"
)

// Over its rate a client isn't read, nothing is lost, and it stays. Each frame takes a
// turn, whatever it is.
func TestThrottling(t *testing.T) {
	const rate, n = 100, 230
	for name, frame := range map[string][]byte{
		"messages": frames.Masked(0x81, []byte("x")), "empty messages": frames.Masked(0x81, nil), "pings": frames.Masked(0x89, nil),
		"pongs": frames.Masked(0x8A, nil), "long pongs": frames.Masked(0x8A, make([]byte, 125)),
		"empty fragments": frames.Masked(0x00, nil), "small fragments": frames.Masked(0x00, []byte("x")),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, hub.Options{}, func(c *Config, _ *core) { c.ClientRate = rate })
			c := r.upgraded()
			begun := time.Now()
			if frame[0] == 0 {
				c.send(frames.Masked(0x01, nil))
				defer c.send(frames.Masked(0x80, nil))
			}
			c.send(bytes.Repeat(frame, n))
			c.send(frames.Masked(0x89, []byte("last")))
			for c.frame().String() != "pong last" {
				continue
			}
			if took, atLeast := time.Since(begun), (n-2*rate)*time.Second/rate; took < atLeast*9/10 {
				t.Errorf("they took %v, want at least %v at this rate", took, atLeast)
			}
		})
	}
}

// A message in a few fragments takes one turn, and pongs that answer pings none.
func TestWhatTakesNoTurn(t *testing.T) {
	const pings = 20
	r := newRig(t, hub.Options{PingInterval: 64 * time.Millisecond, PongTimeout: soon}, func(c *Config, _ *core) { c.ClientRate = 1 })
	c := r.upgraded()
	c.send(slices.Concat(frames.Masked(0x01, nil), frames.Masked(0x00, make([]byte, smallFragment)), frames.Masked(0x80, nil)))
	for answered := 0; answered < pings; {
		if f := c.frame(); f.Opcode == frames.OpPing {
			c.send(frames.Masked(0x8A, []byte(f.Payload)))
			answered++
		}
	}
	c.send(frames.Masked(0x81, []byte("last")))
	for c.frame() != frames.Text("last") {
		continue
	}
	if n := counted.Of(t, r.reg, "gatepost_throttled_messages_total").Sum(); n > 0 {
		t.Errorf("%v frames waited, want none", n)
	}
}

// Sustained flooding, whatever with, closes with 1008.
func TestFlooding(t *testing.T) {
	for name, frame := range map[string][]byte{
		"messages": frames.Masked(0x82, nil), "heartbeats": frames.Masked(0x81, []byte("beat")), "pings": frames.Masked(0x89, make([]byte, 125)),
		"pongs": frames.Masked(0x8A, nil), "empty fragments": frames.Masked(0x00, nil),
		"small fragments": frames.Masked(0x00, []byte("x")),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
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
