package hub

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"gatepost/protocol"
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
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	client, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	server, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	return server, newPeer(client)
}

// received is a frame as the peer saw it: an opcode, and its payload.
type received struct {
	opcode  byte
	payload string
}

func (r received) String() string {
	switch r.opcode {
	case opClose:
		if len(r.payload) < 2 {
			return "close"
		}
		return fmt.Sprintf("close %d %s", binary.BigEndian.Uint16([]byte(r.payload)), r.payload[2:])
	case opPing:
		return "ping " + r.payload
	case opPong:
		return "pong " + r.payload
	case opBinary:
		return "binary " + r.payload
	default:
		return r.payload
	}
}

// read is the next frame, or an error at the connection's end.
func (p *peer) read() (received, error) {
	var head [2]byte
	if _, err := io.ReadFull(p.r, head[:]); err != nil {
		return received{}, err
	}
	if head[0]&0xF0 != finBit || head[1]&0x80 != 0 {
		return received{}, fmt.Errorf("frame begins with %x; want a final unmasked one", head)
	}
	n := uint64(head[1])
	extra := map[uint64]int{126: 2, 127: 8}[n]
	if extra > 0 {
		var length [8]byte
		if _, err := io.ReadFull(p.r, length[8-extra:]); err != nil {
			return received{}, err
		}
		n = binary.BigEndian.Uint64(length[:])
	}
	payload := make([]byte, n)
	if _, err := io.ReadFull(p.r, payload); err != nil {
		return received{}, err
	}
	return received{head[0] & opcodeBits, string(payload)}, nil
}

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

// eventually waits for a condition that another goroutine brings about.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it never came to this: %s", what)
		}
	}
}

// measured is a metric's value by its labels, as "value,value".
func measured(t testing.TB, reg prometheus.Gatherer, name string) map[string]float64 {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]float64{}
	for _, family := range families {
		if family.GetName() != name {
			continue
		}
		for _, m := range family.GetMetric() {
			var labels []string
			for _, l := range m.GetLabel() {
				labels = append(labels, l.GetValue())
			}
			values[strings.Join(labels, ",")] = m.GetCounter().GetValue() + m.GetGauge().GetValue()
		}
	}
	return values
}

func wantConsistent(t testing.TB, h *Hub) {
	t.Helper()
	if err := h.ConsistencyCheck(); err != nil {
		t.Errorf("the hub contradicts itself:\n%v", err)
	}
}
