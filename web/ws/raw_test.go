package ws

import (
	"bufio"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/gorilla/websocket"
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
	if op, _ := c.frame(); op != websocket.TextMessage {
		r.t.Fatalf("first frame has opcode %d, want the welcome", op)
	}
	return c
}

// frame reads one frame of the server's.
func (c *raw) frame() (opcode int, payload []byte) {
	c.t.Helper()
	var head [2]byte
	if _, err := io.ReadFull(c.r, head[:]); err != nil {
		c.t.Fatalf("reading a frame: %v", err)
	}
	n := int(head[1] & 0x7f)
	if n == 126 {
		var long [2]byte
		if _, err := io.ReadFull(c.r, long[:]); err != nil {
			c.t.Fatal(err)
		}
		n = int(binary.BigEndian.Uint16(long[:]))
	}
	payload = make([]byte, n)
	if _, err := io.ReadFull(c.r, payload); err != nil {
		c.t.Fatalf("reading a frame: %v", err)
	}
	return int(head[0] & 0xf), payload
}

// wantClose reads until the close frame and compares its code; then the server
// has to end the connection in order.
func (c *raw) wantClose(code int) string {
	c.t.Helper()
	for {
		op, payload := c.frame()
		if op != websocket.CloseMessage {
			continue
		}
		if len(payload) < 2 || int(binary.BigEndian.Uint16(payload)) != code {
			c.t.Fatalf("close frame % x, want code %d", payload, code)
		}
		if rest, err := io.ReadAll(c.r); err != nil || len(rest) > 0 {
			c.t.Fatalf("behind the close frame: %d bytes and %v, want a clean end", len(rest), err)
		}
		return string(payload[2:])
	}
}

// masked is one frame as a client sends it, its mask all zero.
func masked(first byte, payload []byte) []byte {
	b := []byte{first}
	switch n := len(payload); {
	case n <= 125:
		b = append(b, 0x80|byte(n))
	case n <= 0xffff:
		b = binary.BigEndian.AppendUint16(append(b, 0x80|126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 0x80|127), uint64(n))
	}
	b = append(b, 0, 0, 0, 0)
	return append(b, payload...)
}

func (c *raw) send(b []byte) {
	c.t.Helper()
	if _, err := c.Write(b); err != nil {
		c.t.Fatalf("sending: %v", err)
	}
}
