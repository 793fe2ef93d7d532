package ws

import (
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"gatepost/hub"
	"gatepost/protocol"
	"gatepost/test/frames"
)

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
		{"RSV1 without compression", frames.Masked(0xC1, []byte("a")), 1002},
		{"RSV2", frames.Masked(0xA1, []byte("a")), 1002},
		{"RSV3", frames.Masked(0x91, []byte("a")), 1002},
		{"reserved data opcode", frames.Masked(0x83, nil), 1002},
		{"reserved control opcode", frames.Masked(0x8B, nil), 1002},
		{"fragmented ping", frames.Masked(0x09, nil), 1002},
		{"long ping", frames.Masked(0x89, make([]byte, 126)), 1002},
		{"continuation of nothing", frames.Masked(0x80, nil), 1002},
		{"text inside a fragmented text", append(frames.Masked(0x01, []byte("a")), frames.Masked(0x81, []byte("b"))...), 1002},
		{"close with a reserved code", frames.Masked(0x88, []byte{0x03, 0xed}), 1002},
		{"close with a bad reason", frames.Masked(0x88, []byte{0x03, 0xe8, 0xff}), 1002},
		{"text that isn't UTF-8", frames.Masked(0x81, []byte("a\xff")), 1007},
		{"half a character", frames.Masked(0x81, []byte("\xc3")), 1007},
		{"one byte too big", frames.Masked(0x82, make([]byte, limit+1)), 1009},
		{"one byte too big in fragments", append(frames.Masked(0x02, make([]byte, limit)), frames.Masked(0x80, []byte("x"))...), 1009},
		{"a length of 2^62", []byte{0x82, 0xff, 0x40, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, 1009},
		{"a length of 2^63", long(0x82, 8, 1<<63), 1002},
		{"a length of 2^64-1 in a fragment", append(frames.Masked(0x01, []byte("a")), long(0x00, 8, 1<<64-1)...), 1002},
		{"a length of 5 in 2 bytes", append(long(0x81, 2, 5), "hello"...), 1002},
		{"a length of 5 in 8 bytes", append(long(0x81, 8, 5), "hello"...), 1002},
		{"a length of 300 in 8 bytes", append(long(0x82, 8, 300), make([]byte, 300)...), 1002},
		{"a ping's length in 2 bytes", append(long(0x89, 2, 1), 'a'), 1002},
		{"close with half a code", frames.Masked(0x88, []byte{0x03}), 1002},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := r.upgraded()
			c.send(tt.sent)
			if tt.code == 1007 {
				// A client that follows the protocol answers the close frame.
				defer c.Close()
				for {
					if f := c.frame(); f.Opcode == frames.OpClose {
						if f.Code() != 1007 {
							t.Errorf("got %q, want code 1007", f)
						}
						break
					}
				}
				c.send(frames.Masked(0x88, []byte{0x03, 0xef}))
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
		_, err := c.Write(frames.Masked(0x82, make([]byte, 5<<20)))
		sent <- err
	}()
	if f := c.frame(); f.Code() != 1009 {
		t.Fatalf("got %q, want a close frame with 1009", f)
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
	stop := c.flood(frames.Masked(0x82, make([]byte, 101)))
	defer stop()
	r.wantEnding(1009, protocol.ByGateway)
	r.awaitEmpty()
}

func TestFragmentsWithPingBetween(t *testing.T) {
	r := newRig(t, hub.Options{}, nil)
	c := r.upgraded()
	c.send(frames.Masked(0x01, []byte("hel\xc5")))
	c.send(frames.Masked(0x89, []byte("are you there")))
	c.send(frames.Masked(0x00, []byte("\x82")))
	c.send(frames.Masked(0x80, []byte("o")))
	if f := c.frame(); f.String() != "pong are you there" {
		t.Errorf("first came %q, want the pong", f)
	}
	if f := c.frame(); f != frames.Text("helło") {
		t.Errorf("then came %q, want the message whole", f)
	}
}
