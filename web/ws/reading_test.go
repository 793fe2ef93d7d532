package ws

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"gatepost/hub"
	"gatepost/protocol"
)

func TestMessagesBothWays(t *testing.T) {
	r := newRig(t, hub.Options{}, nil)
	conn := r.dial("/ws", nil)
	for _, want := range []protocol.Message{
		{Payload: []byte("hello")}, {Payload: []byte{}}, {Payload: []byte("žluťoučký")},
		{Binary: true, Payload: []byte{0, 0xff, 0xfe}}, {Binary: true, Payload: bytes.Repeat([]byte("x"), 64<<10)},
	} {
		kind := websocket.TextMessage
		if want.Binary {
			kind = websocket.BinaryMessage
		}
		if err := conn.WriteMessage(kind, want.Payload); err != nil {
			t.Fatal(err)
		}
		gotKind, got, err := conn.ReadMessage()
		if err != nil || gotKind != kind || !bytes.Equal(got, want.Payload) {
			t.Fatalf("got type %d, %d bytes, %v; want type %d, %d bytes", gotKind, len(got), err, kind, len(want.Payload))
		}
	}
}

// Who closed, and with what, is told right; the close frame is echoed, and only
// then the connection ends.
func TestClientCloses(t *testing.T) {
	r := newRig(t, hub.Options{}, nil)
	for _, tt := range []struct {
		name    string
		payload string
		code    int
		reason  string
		echo    string
	}{
		{"with a code", "\x03\xe8bye", 1000, "bye", "\x03\xe8"},
		{"with one of its own", "\x11\x5c", 4444, "", "\x11\x5c"},
		{"without a code", "", 1005, "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := r.upgraded()
			c.send(masked(0x88, []byte(tt.payload)))
			if op, payload := c.frame(); op != websocket.CloseMessage || string(payload) != tt.echo {
				t.Errorf("opcode %d, % x, want a close frame with % x", op, payload, tt.echo)
			}
			if rest, err := io.ReadAll(c.r); err != nil || len(rest) > 0 {
				t.Errorf("then %d bytes and %v, want a clean end", len(rest), err)
			}
			if e := r.wantEnding(tt.code, protocol.ByClient); e.cause.Reason != tt.reason {
				t.Errorf("reason %q, want %q", e.cause.Reason, tt.reason)
			}
			c.Close()
		})
	}
}

func TestClientVanishes(t *testing.T) {
	r := newRig(t, hub.Options{}, nil)
	for _, sent := range [][]byte{nil, {0x81}, masked(0x81, []byte("half"))[:8], masked(0x01, []byte("first of two"))} {
		c := r.upgraded()
		c.send(sent)
		c.Close()
		r.wantEnding(1006, protocol.ByNetwork)
	}
	reset := r.upgraded()
	if err := reset.Conn.(*net.TCPConn).SetLinger(0); err != nil {
		t.Fatal(err)
	}
	reset.Close()
	r.wantEnding(1006, protocol.ByNetwork)
	r.awaitEmpty()
}

// What arrives behind a close is nobody's.
func TestBackendCloses(t *testing.T) {
	heard := 0
	r := newRig(t, hub.Options{}, func(_ *Config, g *core) {
		g.message = func(c *hub.Client, m protocol.Message) {
			heard++
			c.Close(hub.Cause{Code: 4100, Reason: string(m.Payload), Initiator: protocol.ByBackend}, textFrame("last words"), false)
		}
	})
	conn := r.dial("/ws", nil)
	for _, text := range []string{"go", "not heard any more"} {
		if err := conn.WriteMessage(websocket.TextMessage, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if got := readText(t, conn); got != "last words" {
		t.Errorf("got %q, want the last words", got)
	}
	if ce := wantClose(t, conn, 4100); ce.Text != "go" {
		t.Errorf("reason %q, want the first close's", ce.Text)
	}
	r.wantEnding(4100, protocol.ByBackend)
	if heard != 1 {
		t.Errorf("the gateway heard %d messages, want only the first", heard)
	}
}

// A client that was closed before it was open hears why.
func TestClosedWhileConnecting(t *testing.T) {
	r := newRig(t, hub.Options{}, func(_ *Config, g *core) {
		g.open = func(c *hub.Client) {
			c.Close(hub.Cause{Code: 4200, Initiator: protocol.ByBackend}, textFrame("sorry"), false)
		}
	})
	conn, _, err := websocket.DefaultDialer.Dial(r.url("/ws"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	wantClose(t, conn, 4200)
	r.wantEnding(4200, protocol.ByBackend)
}

// Bad frames close with the documented code, which reaches the client, and the
// close event says that it was the gateway.
func TestBadFrames(t *testing.T) {
	const limit = 1000
	r := newRig(t, hub.Options{}, func(c *Config, _ *core) { c.MaxMessage = limit })
	for _, tt := range []struct {
		name string
		sent []byte
		code int
	}{
		{"unmasked", []byte{0x81, 1, 'a'}, 1002},
		{"RSV1 without compression", masked(0xC1, []byte("a")), 1002},
		{"RSV2", masked(0xA1, []byte("a")), 1002},
		{"RSV3", masked(0x91, []byte("a")), 1002},
		{"reserved data opcode", masked(0x83, nil), 1002},
		{"reserved control opcode", masked(0x8B, nil), 1002},
		{"fragmented ping", masked(0x09, nil), 1002},
		{"long ping", masked(0x89, make([]byte, 126)), 1002},
		{"continuation of nothing", masked(0x80, nil), 1002},
		{"text inside a fragmented text", append(masked(0x01, []byte("a")), masked(0x81, []byte("b"))...), 1002},
		{"close with a reserved code", masked(0x88, []byte{0x03, 0xed}), 1002},
		{"close with a bad reason", masked(0x88, []byte{0x03, 0xe8, 0xff}), 1002},
		{"text that isn't UTF-8", masked(0x81, []byte("a\xff")), 1007},
		{"half a character", masked(0x81, []byte("\xc3")), 1007},
		{"one byte too big", masked(0x82, make([]byte, limit+1)), 1009},
		{"one byte too big in fragments", append(masked(0x02, make([]byte, limit)), masked(0x80, []byte("x"))...), 1009},
		{"a length of 2^62", []byte{0x82, 0xff, 0x40, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, 1009},
		{"a length of 2^63", []byte{0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, 1009},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := r.upgraded()
			c.send(tt.sent)
			if tt.code == 1007 {
				// A client that follows the protocol answers the close frame.
				defer c.Close()
				for {
					if op, payload := c.frame(); op == websocket.CloseMessage {
						if string(payload[:2]) != "\x03\xef" {
							t.Errorf("close frame % x, want 1007", payload)
						}
						break
					}
				}
				c.send(masked(0x88, []byte{0x03, 0xef}))
			} else {
				c.wantClose(tt.code)
				c.Close()
			}
			r.wantEnding(tt.code, protocol.ByGateway)
		})
	}
	conn := r.dial("/ws", nil)
	if err := conn.WriteMessage(websocket.BinaryMessage, make([]byte, limit)); err != nil {
		t.Fatal(err)
	}
	if _, got, err := conn.ReadMessage(); err != nil || len(got) != limit {
		t.Errorf("a message of just the limit: %d bytes, %v, want it echoed", len(got), err)
	}
}

// The code reaches even a client that goes on sending: closing a socket with
// unread bytes would reset the connection and take the close frame with it.
func TestTooBigWhileStillSending(t *testing.T) {
	r := newRig(t, hub.Options{}, nil)
	c := r.upgraded()
	sent := make(chan error, 1)
	go func() {
		_, err := c.Write(masked(0x82, make([]byte, 5<<20)))
		sent <- err
	}()
	if op, payload := c.frame(); op != websocket.CloseMessage || string(payload[:2]) != "\x03\xf1" {
		t.Fatalf("opcode %d, % x, want a close frame with 1009", op, payload)
	}
	if err := <-sent; err != nil {
		t.Errorf("sending 5 MB: %v, want them read and forgotten", err)
	}
	r.wantEnding(1009, protocol.ByGateway)
	c.Close()
	r.awaitEmpty()
}

// One that never stops sending is gone when the time for closing is over.
func TestEndlessSenderIsClosed(t *testing.T) {
	r := newRig(t, hub.Options{CloseTimeout: 200 * time.Millisecond}, func(c *Config, _ *core) { c.MaxMessage = 100 })
	c := r.upgraded()
	stop := c.flood(masked(0x82, make([]byte, 101)))
	defer stop()
	r.wantEnding(1009, protocol.ByGateway)
	r.awaitEmpty()
}

func TestFragmentsWithPingBetween(t *testing.T) {
	r := newRig(t, hub.Options{}, nil)
	c := r.upgraded()
	c.send(masked(0x01, []byte("hel\xc5")))
	c.send(masked(0x89, []byte("are you there")))
	c.send(masked(0x00, []byte("\x82")))
	c.send(masked(0x80, []byte("o")))
	if op, payload := c.frame(); op != websocket.PongMessage || string(payload) != "are you there" {
		t.Errorf("first: opcode %d, %q, want the pong", op, payload)
	}
	if op, payload := c.frame(); op != websocket.TextMessage || string(payload) != "helło" {
		t.Errorf("then: opcode %d, %q, want the message whole", op, payload)
	}
}

func TestHeartbeats(t *testing.T) {
	answer := `{"type":"pong"}`
	got := make(chan string, 10)
	r := newRig(t, hub.Options{}, func(c *Config, g *core) {
		c.Heartbeats = []Heartbeat{{Receive: `{"type":"ping"}`, Answer: &answer}, {Receive: `{"type":"pong"}`}}
		g.message = func(_ *hub.Client, m protocol.Message) { got <- fmt.Sprint(m.Binary, string(m.Payload)) }
	})
	conn := r.dial("/ws", nil)
	for _, m := range []struct {
		kind int
		text string
	}{
		{websocket.TextMessage, `{"type":"pong"}`},
		{websocket.TextMessage, `{"type":"ping"}`},
		{websocket.BinaryMessage, `{"type":"pong"}`},
		{websocket.TextMessage, `{"type":"ping"} `},
	} {
		if err := conn.WriteMessage(m.kind, []byte(m.text)); err != nil {
			t.Fatal(err)
		}
	}
	if text := readText(t, conn); text != answer {
		t.Errorf("answered %q, want %q", text, answer)
	}
	for _, want := range []string{`true{"type":"pong"}`, `false{"type":"ping"} `} {
		if m := <-got; m != want {
			t.Errorf("the gateway heard %q, want %q: only a text frame that is equal is a heartbeat", m, want)
		}
	}
	r.core.hub.Each(func(c *hub.Client) bool {
		if in, _ := c.Traffic(); in != 2 {
			t.Errorf("%d messages are counted, want 2", in)
		}
		return true
	})
}

// While the gateway has no room the client isn't read, and isn't held to pongs
// that nobody reads.
func TestSlowGatewayCostsNoConnection(t *testing.T) {
	const pongTimeout = 50 * time.Millisecond
	release := make(chan struct{})
	r := newRig(t, hub.Options{PingInterval: 64 * time.Millisecond, PongTimeout: pongTimeout}, func(_ *Config, g *core) {
		g.message = func(c *hub.Client, m protocol.Message) {
			<-release
			c.Send(hub.NewFrame(&m))
		}
	})
	conn := r.dial("/ws", nil)
	if err := conn.WriteMessage(websocket.TextMessage, []byte("slow")); err != nil {
		t.Fatal(err)
	}
	pings := 0
	conn.SetPingHandler(func(data string) error {
		if pings++; pings == 6 { // several pong timeouts, each of which would have been the end
			close(release)
		}
		return conn.WriteControl(websocket.PongMessage, []byte(data), time.Now().Add(soon))
	})
	if got := readText(t, conn); got != "slow" {
		t.Errorf("got %q, want the answer after all", got)
	}
}

// A client that is read but silent is still held to its pongs.
func TestSilentClientIsDropped(t *testing.T) {
	r := newRig(t, hub.Options{PingInterval: 64 * time.Millisecond, PongTimeout: 30 * time.Millisecond}, nil)
	r.upgraded()
	r.wantEnding(1006, protocol.ByNetwork)
	r.awaitEmpty()
}

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

// Sustained flooding, with messages, heartbeats or pings, closes with 1008.
func TestFlooding(t *testing.T) {
	for name, frame := range map[string][]byte{
		"messages": masked(0x82, nil), "heartbeats": masked(0x81, []byte("beat")), "pings": masked(0x89, make([]byte, 125)),
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, hub.Options{}, func(c *Config, g *core) {
				c.ClientRate, c.Heartbeats = 50, []Heartbeat{{Receive: "beat"}}
				g.message = func(*hub.Client, protocol.Message) {}
			})
			r.h.patience = 100 * time.Millisecond
			c := r.upgraded()
			stop := c.flood(frame)
			defer stop()
			for {
				if op, payload := c.frame(); op == websocket.CloseMessage {
					if string(payload[:2]) != "\x03\xf0" {
						t.Errorf("close frame % x, want 1008", payload)
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

// A client that doesn't read while it pings is closed by its queue, not kept by
// it.
func TestPingFloodWithoutReading(t *testing.T) {
	r := newRig(t, hub.Options{SendQueue: 64 << 10, CloseTimeout: 100 * time.Millisecond}, nil)
	c := r.upgraded()
	stop := c.flood(masked(0x81, bytes.Repeat([]byte("x"), 16<<10))) // each is echoed
	defer stop()
	e := r.ending()
	if e.cause.Initiator == protocol.ByClient {
		t.Errorf("ended with %v, want not by the client", e.cause)
	}
	r.awaitEmpty()
}

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
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			_ = conn.SetReadDeadline(time.Now().Add(soon))
			if name == "message" {
				readText(t, conn)
				if err := conn.WriteMessage(websocket.TextMessage, []byte("x")); err != nil {
					t.Fatal(err)
				}
				wantClose(t, conn, 1011)
			}
			r.wantEnding(1011, protocol.ByGateway)
			conn.Close()
			r.awaitEmpty()
			if log := r.logs.String(); !strings.Contains(log, "panicked") || !strings.Contains(log, "reading_test.go") {
				t.Errorf("the panic and its stack aren't logged:\n%s", log)
			}
			if resp, _ := r.refused("/elsewhere", nil); resp.StatusCode != 404 {
				t.Errorf("the server answers %d, want it to live", resp.StatusCode)
			}
		})
	}
}
