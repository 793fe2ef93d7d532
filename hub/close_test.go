package hub

import (
	"errors"
	"io"
	"net"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"gatepost/protocol"
	"gatepost/test/counted"
	"gatepost/test/wait"
)

// The order of an end: what waited, the last words, the close frame, the peer's
// answer, the end of the connection.
func TestClosingHandshake(t *testing.T) {
	h := newHub(t, Options{CloseTimeout: time.Hour}) // so that it isn't what ends Hangup
	c, p := connect(t, h, "c1", "")
	c.Send(text("one"))
	c.Close(Cause{Code: 4100, Reason: "bye", Initiator: protocol.ByBackend}, text("last words"), false)
	p.want(t, "one", "last words", "close 4100 bye")
	if _, err := p.Write(encode(opClose, []byte{0x10, 0x04})); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.Hangup()
	}()
	p.wantEnd(t)
	p.Close()
	select {
	case <-done:
	case <-time.After(5 * time.Second):
		t.Error("Hangup goes on after the peer has hung up")
	}
	if got := c.Cause(); got.Code != 4100 || got.Initiator != protocol.ByBackend {
		t.Errorf("the cause is %+v; want the backend's", got)
	}
}

// The client began: its echo goes out behind what waits, and nothing else does.
func TestPeerBeginsTheHandshake(t *testing.T) {
	h := newHub(t, Options{})
	c, p := connect(t, h, "c1", "")
	c.Send(text("one"))
	c.Leave(Cause{Code: 1001, Initiator: protocol.ByClient})
	if _, err := c.WriteRaw(encode(opClose, []byte{0x03, 0xE9})); err != nil {
		t.Fatal(err)
	}
	if _, err := c.WriteRaw(encode(opPong, nil)); err != nil {
		t.Fatal(err)
	}
	go c.Hangup()
	p.want(t, "one", "close 1001 ")
	p.wantEnd(t)
	if got := c.Cause(); got.Initiator != protocol.ByClient {
		t.Errorf("the cause is %+v; want the client's", got)
	}
}

// A client that is still sending when it is closed learns the code: what it sends
// is read to its end, since a reset would destroy the close frame.
func TestCloseCodeReachesASendingClient(t *testing.T) {
	h := newHub(t, Options{CloseTimeout: 10 * time.Second})
	c, p := connect(t, h, "c1", "")
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.Close(Cause{Code: protocol.CloseTooBig, Reason: "message too big", Initiator: protocol.ByGateway}, nil, false)
		c.Hangup()
	}()
	for range 64 { // more than both kernels' buffers hold
		if _, err := p.Write(make([]byte, 256<<10)); err != nil {
			t.Fatalf("the peer can't send on: %v", err)
		}
	}
	p.want(t, "close 1009 message too big")
	p.wantEnd(t)
	p.Close()
	<-done
}

// A peer that never answers is given CloseTimeout, and no more.
func TestCloseTimeout(t *testing.T) {
	const timeout = 100 * time.Millisecond
	h := newHub(t, Options{CloseTimeout: timeout})
	c, p := connect(t, h, "c1", "")
	begin := time.Now()
	c.Close(Cause{Code: 1001, Initiator: protocol.ByGateway}, nil, false)
	p.want(t, "close 1001 ")
	p.wantEnd(t)
	if took := time.Since(begin); took < timeout {
		t.Errorf("the connection ended after %v; want not before %v", took, timeout)
	}
}

// A Leave that no Hangup follows leaves no connection open either.
func TestLeaveEndsTheConnection(t *testing.T) {
	h := newHub(t, Options{CloseTimeout: 10 * time.Millisecond})
	c, p := connect(t, h, "c1", "")
	c.Leave(Cause{Code: 1006, Initiator: protocol.ByNetwork})
	p.wantEnd(t)
	wait.For(t, "the connection is closed", func() bool { return hungUp(c) })
}

func hungUp(c *Client) bool {
	c.out.mu.Lock()
	defer c.out.mu.Unlock()
	return c.out.hungUp
}

// force drops the connection at once: no frame, a reset.
func TestForce(t *testing.T) {
	reg := prometheus.NewRegistry()
	h := newHub(t, Options{Metrics: NewMetrics(reg)})
	c, p := connect(t, h, "c1", "")
	c.Close(Cause{Code: 1000, Initiator: protocol.ByBackend}, text("last words"), true)
	p.within(t, 5*time.Second)
	if got, err := p.read(); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("the peer read %q, %v; want a reset", got, err)
	}
	if states := counted.Of(t, reg, "gatepost_clients"); states["closing"] != 0 {
		t.Errorf("clients by state are %v; want none", states)
	}
}

// Codes that RFC 6455, section 7.4.1 keeps off the wire end a connection without a
// close frame.
func TestCodesThatAreNeverSent(t *testing.T) {
	for _, code := range []int{protocol.CloseNoStatus, protocol.CloseAbnormal} {
		h := newHub(t, Options{})
		c, p := connect(t, h, "c1", "")
		if !c.Close(Cause{Code: code, Initiator: protocol.ByNetwork}, nil, false) {
			t.Errorf("%d: Close says that it isn't the first", code)
		}
		p.wantEnd(t)
	}
}

// A connection that breaks under the writer is left to its reader to judge, which
// may find a close frame in it; with no reader it ends by itself.
func TestBrokenConnection(t *testing.T) {
	reg := prometheus.NewRegistry()
	h := newHub(t, Options{Metrics: NewMetrics(reg), CloseTimeout: 20 * time.Millisecond})
	c := admit(h, "c1", "1", "room")
	conn := &brokenConn{}
	c.Open(conn, nil, nil)
	if got := c.Send(text("lost")); got != Queued {
		t.Errorf("Send says %d; want Queued", got)
	}
	wait.For(t, "the client has ended", c.Closing)
	wait.For(t, "the connection is closed", conn.closed.Load)
	if got := c.Cause(); got.Code != 1006 || got.Initiator != protocol.ByNetwork {
		t.Errorf("the cause is %+v; want 1006 by the network", got)
	}
	if drops := counted.Of(t, reg, "gatepost_dropped_messages_total"); drops["connection_lost"] != 1 {
		t.Errorf("drops are %v; want 1 for connection_lost", drops)
	}
	if got := c.Send(text("late")); got != Gone {
		t.Errorf("Send says %d; want Gone", got)
	}
	wantConsistent(t, h)
}

// brokenConn takes half of what is written, and then fails.
type brokenConn struct {
	net.Conn
	closed atomic.Bool
}

func (b *brokenConn) Write(p []byte) (int, error) { return len(p) / 2, io.ErrClosedPipe }
func (b *brokenConn) Close() error                { b.closed.Store(true); return nil }
