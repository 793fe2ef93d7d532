package hub

import (
	"bufio"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"gatepost/protocol"
	"gatepost/test/frames"
	"gatepost/test/tcp"
)

func newHub(t testing.TB, opts Options) *Hub {
	t.Helper()
	h := New(opts)
	t.Cleanup(h.Close)
	return h
}

func text(s string) *Frame { return NewFrame(&protocol.Message{Payload: []byte(s)}) }

// admit makes a client that is still connecting.
func admit(h *Hub, id, uid string, groups ...string) *Client {
	return h.Admit(id, &protocol.Handshake{UID: uid, Groups: groups}, time.Now(), nil)
}

// connect makes an open client, and the other end of its connection.
func connect(t testing.TB, h *Hub, id, uid string, groups ...string) (*Client, *peer) {
	t.Helper()
	c := admit(h, id, uid, groups...)
	server, p := tcpPair(t)
	if !c.Open(server, nil, nil) {
		t.Fatalf("client %s was closed before it opened", id)
	}
	t.Cleanup(func() { c.Close(Cause{Code: protocol.CloseNormal}, nil, true) })
	return c, p
}

// openSilently makes an open client on a connection that takes everything.
func openSilently(t testing.TB, h *Hub, id, uid string, groups ...string) *Client {
	t.Helper()
	c := admit(h, id, uid, groups...)
	if !c.Open(sinkConn{}, nil, nil) {
		t.Fatalf("client %s was closed before it opened", id)
	}
	t.Cleanup(func() { c.Close(Cause{Code: protocol.CloseNormal}, nil, true) })
	return c
}

// idle reports whether all that was queued has been written, or lost.
func (c *Client) idle() bool {
	c.out.mu.Lock()
	defer c.out.mu.Unlock()
	return c.out.writer == nil && c.out.bytes == 0
}

// sinkConn takes all that is written.
type sinkConn struct{ net.Conn }

func (sinkConn) Write(p []byte) (int, error) { return len(p), nil }
func (sinkConn) Close() error                { return nil }

// peer is the client's end of a connection.
type peer struct {
	net.Conn
	r *bufio.Reader
}

func newPeer(conn net.Conn) *peer { return &peer{conn, bufio.NewReader(conn)} }

func tcpPair(t testing.TB) (net.Conn, *peer) {
	t.Helper()
	server, client := tcp.Pair(t)
	return server, newPeer(client)
}

// read is the next frame, or an error at the connection's end.
func (p *peer) read() (frames.Frame, error) { return frames.Read(p.r) }

// want reads frames and compares them, as their String.
func (p *peer) want(t testing.TB, frames ...string) {
	t.Helper()
	p.within(t, 5*time.Second)
	for _, want := range frames {
		got, err := p.read()
		if err != nil || got.String() != want {
			t.Fatalf("peer read %q, %v; want %q", got, err, want)
		}
	}
}

// wantEnd reads on and wants an orderly end of the connection at once.
func (p *peer) wantEnd(t testing.TB) {
	t.Helper()
	p.within(t, 5*time.Second)
	if got, err := p.read(); !errors.Is(err, io.EOF) {
		t.Fatalf("peer read %q, %v; want the end", got, err)
	}
}

func (p *peer) within(t testing.TB, d time.Duration) {
	t.Helper()
	if err := p.SetReadDeadline(time.Now().Add(d)); err != nil {
		t.Fatal(err)
	}
}

func wantConsistent(t testing.TB, h *Hub) {
	t.Helper()
	if err := h.ConsistencyCheck(); err != nil {
		t.Errorf("the hub contradicts itself:\n%v", err)
	}
}
