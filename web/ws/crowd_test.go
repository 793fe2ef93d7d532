package ws

import (
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"gatepost/hub"
	"gatepost/protocol"
	"gatepost/test/frames"
)

// Many clients that come, talk and end in every way at once: each is closed once,
// and nothing of any is left.
func TestCrowd(t *testing.T) {
	const clients = 120
	r := newRig(t, hub.Options{CloseTimeout: time.Second}, func(c *Config, g *core) {
		c.MaxConnections = clients
		g.message = func(c *hub.Client, m protocol.Message) {
			switch string(m.Payload) {
			case "close me":
				c.Close(hub.Cause{Code: 4100, Initiator: protocol.ByBackend}, textFrame("bye"), false)
			case "drop me":
				c.Close(hub.Cause{Code: 1006, Initiator: protocol.ByBackend}, nil, true)
			case "panic":
				panic("asked for")
			default:
				c.Send(hub.NewFrame(&m))
			}
		}
	})
	ends := []func(conn net.Conn){
		func(conn net.Conn) { conn.Close() },
		func(conn net.Conn) { _ = conn.(*net.TCPConn).SetLinger(0); conn.Close() },
		func(conn net.Conn) { _, _ = conn.Write(frames.Masked(0x88, []byte{0x03, 0xe8})) },
		func(conn net.Conn) { _, _ = conn.Write([]byte{0x81, 1, 'a'}) }, // unmasked
		func(conn net.Conn) { _, _ = conn.Write(frames.Masked(0x81, []byte("close me"))) },
		func(conn net.Conn) { _, _ = conn.Write(frames.Masked(0x81, []byte("drop me"))) },
		func(conn net.Conn) { _, _ = conn.Write(frames.Masked(0x81, []byte("panic"))) },
		func(conn net.Conn) { _, _ = conn.Write(frames.Masked(0x81, []byte("\xff"))) },
	}
	var all sync.WaitGroup
	for i := range clients {
		all.Go(func() {
			conn, err := net.Dial("tcp", r.addr)
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
			_ = conn.SetDeadline(time.Now().Add(soon))
			if _, err := io.WriteString(conn, upgradeRequest); err != nil {
				t.Error(err)
				return
			}
			head := make([]byte, 12)
			if _, err := io.ReadFull(conn, head); err != nil || !strings.HasSuffix(string(head), "101") {
				t.Errorf("client %d: %q, %v, want a 101", i, head, err)
				return
			}
			// What is sent now may come before melody's write pump has retired.
			ends[i%len(ends)](conn)
			if i%len(ends) > 1 {
				_, _ = io.Copy(io.Discard, conn) // until the server ends it
			}
		})
	}
	for range clients {
		r.ending()
	}
	all.Wait()
	r.awaitEmpty()
	if n, _, _ := r.core.hub.Count(); n != 0 {
		t.Errorf("%d clients are left in the hub", n)
	}
}

// Messages of one client keep their order and none is lost while others come and
// go.
func TestOrderInACrowd(t *testing.T) {
	r := newRig(t, hub.Options{}, nil)
	var all sync.WaitGroup
	for range 20 {
		conn := r.dial("/ws", nil)
		all.Go(func() {
			for i := range 50 {
				if err := conn.WriteMessage(websocket.TextMessage, fmt.Append(nil, i)); err != nil {
					t.Error(err)
					return
				}
			}
			for i := range 50 {
				if _, p, err := conn.ReadMessage(); err != nil || string(p) != fmt.Sprint(i) {
					t.Errorf("got %q, %v, want %d", p, err, i)
					return
				}
			}
		})
	}
	all.Wait()
}
