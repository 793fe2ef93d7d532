package hub

import (
	"fmt"
	"io"
	"net"
	"testing"

	"gatepost/protocol"
	"gatepost/test/wait"
)

// BenchmarkPush is one message to a thousand clients, per client that has it: over
// loopback sockets, and with the kernel left out.
func BenchmarkPush(b *testing.B) {
	for name, conn := range map[string]func(testing.TB) net.Conn{
		"tcp":  readingPeer,
		"sink": func(testing.TB) net.Conn { return sinkConn{} },
	} {
		b.Run(name, func(b *testing.B) { benchmarkPush(b, conn) })
	}
}

func benchmarkPush(b *testing.B, conn func(testing.TB) net.Conn) {
	const clients = 1000
	h := newHub(b, Options{SendQueue: 1 << 30})
	for i := range clients {
		c := admit(h, fmt.Sprint("c", i), "", "room")
		c.Open(conn(b), nil, nil)
		b.Cleanup(func() { c.Close(Cause{Code: 1000}, nil, true) })
	}
	room := protocol.Target{Groups: []string{"room"}}
	f := text(string(make([]byte, 100)))
	b.ReportAllocs()
	b.ResetTimer()
	for range (b.N + clients - 1) / clients {
		h.Push(room, protocol.Target{}, f)
	}
	h.Each(func(c *Client) bool {
		wait.For(b, "all is written", c.idle)
		return true
	})
}

// readingPeer is the server's end of a connection whose other end reads.
func readingPeer(b testing.TB) net.Conn {
	server, p := tcpPair(b)
	go func() { _, _ = io.Copy(io.Discard, p.Conn) }()
	return server
}
