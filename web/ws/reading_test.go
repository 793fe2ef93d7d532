package ws

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"gatepost/hub"
	"gatepost/protocol"
	"gatepost/test/frames"
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

// A close frame is the same however it comes.
func TestCloseInPieces(t *testing.T) {
	r := newRig(t, hub.Options{}, nil)
	c := r.upgraded()
	for _, b := range []byte{0x88, 0x84, 1, 2, 3, 4, 0x03 ^ 1, 0xf6 ^ 2, 'h' ^ 3, 'i' ^ 4} {
		c.send([]byte{b})
	}
	if f := c.frame(); f.Code() != 1014 {
		t.Errorf("got %q, want 1014 echoed", f)
	}
	if e := r.wantEnding(1014, protocol.ByClient); e.cause.Reason != "hi" {
		t.Errorf("reason %q", e.cause.Reason)
	}
}

// What stands before a frame that breaks a rule is taken up; what stands behind isn't.
func TestBeforeABadFrame(t *testing.T) {
	r := newRig(t, hub.Options{}, nil)
	c := r.upgraded()
	c.send(slices.Concat(frames.Masked(0x81, []byte("before")), long(0x81, 8, 5), []byte("hello"), frames.Masked(0x81, []byte("behind"))))
	if f := c.frame(); f != frames.Text("before") {
		t.Errorf("got %q, want the message before it", f)
	}
	if reason := c.wantClose(1002); reason != errLongLength.Error() {
		t.Errorf("reason %q", reason)
	}
	r.wantEnding(1002, protocol.ByGateway)
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
		{"for a server behind", "\x03\xf6no answer", 1014, "no answer", "\x03\xf6"},
		{"for a restart", "\x03\xf4", 1012, "", "\x03\xf4"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := r.upgraded()
			c.send(frames.Masked(0x88, []byte(tt.payload)))
			if f := c.frame(); f.Opcode != frames.OpClose || f.Payload != tt.echo {
				t.Errorf("got %q, want a close frame with % x", f, tt.echo)
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
	for _, sent := range [][]byte{nil, {0x81}, frames.Masked(0x81, []byte("half"))[:8], frames.Masked(0x01, []byte("first of two"))} {
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
	release := make(chan struct{})
	r := newRig(t, hub.Options{PingInterval: 256 * time.Millisecond, PongTimeout: 200 * time.Millisecond}, func(_ *Config, g *core) {
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
		if pings++; pings == 4 { // several pong timeouts, each of which would have been the end
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
