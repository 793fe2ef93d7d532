package ws

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"gatepost/test/frames"
)

// raw is a client without a library, for what no library sends.
type raw struct {
	t *testing.T
	net.Conn
	r *bufio.Reader
}

// request sends one request, written out, and gives the connection.
func (r *rig) request(text string) *raw {
	r.t.Helper()
	conn, err := net.Dial("tcp", r.addr)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(soon))
	if _, err := io.WriteString(conn, text); err != nil {
		r.t.Fatal(err)
	}
	return &raw{r.t, conn, bufio.NewReader(conn)}
}

const upgradeRequest = "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n" +
	"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"

// upgraded is a raw client that has had its welcome.
func (r *rig) upgraded() *raw {
	r.t.Helper()
	c := r.request(upgradeRequest)
	resp, err := http.ReadResponse(c.r, nil)
	if err != nil || resp.StatusCode != http.StatusSwitchingProtocols {
		r.t.Fatalf("upgrade: %v %v", resp, err)
	}
	if f := c.frame(); f.Opcode != frames.OpText {
		r.t.Fatalf("the first frame is %q, want the welcome", f)
	}
	return c
}

// frame reads one frame of the server's.
func (c *raw) frame() frames.Frame {
	c.t.Helper()
	f, err := frames.Read(c.r)
	if err != nil {
		c.t.Fatalf("reading a frame: %v", err)
	}
	return f
}

// wantClose reads until the close frame and compares its code; then the server
// has to end the connection in order.
func (c *raw) wantClose(code int) string {
	c.t.Helper()
	for {
		f := c.frame()
		if f.Opcode != frames.OpClose {
			continue
		}
		if f.Code() != code {
			c.t.Fatalf("got %q, want code %d", f, code)
		}
		if rest, err := io.ReadAll(c.r); err != nil || len(rest) > 0 {
			c.t.Fatalf("behind the close frame: %d bytes and %v, want a clean end", len(rest), err)
		}
		return f.Payload[2:]
	}
}

func (c *raw) send(b []byte) {
	c.t.Helper()
	if _, err := c.Write(b); err != nil {
		c.t.Fatalf("sending: %v", err)
	}
}
