package webhooks

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
)

// dialFunc is net.Dialer.DialContext.
type dialFunc func(ctx context.Context, network, addr string) (net.Conn, error)

// conns is the connections of an endpoint. Each counts what is written to it, knows
// when it was last heard from, and writes nothing behind the fence.
//
// A network can lose a connection without a word to either end (NAT, balancers). No
// kernel tells, and net/http would use it again after a time-out; drop is against that.
type conns struct {
	dialer dialFunc
	fence  Fence        // nil: there is none
	clock  atomic.Int64 // counts the requests that got a connection

	mu   sync.Mutex
	open map[*countedConn]struct{} // guarded by mu
}

func newConns(dialer dialFunc, fence Fence) *conns {
	return &conns{dialer: dialer, fence: fence, open: map[*countedConn]struct{}{}}
}

func (cs *conns) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	conn, err := cs.dialer(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	c := &countedConn{Conn: conn, of: cs}
	c.heard.Store(cs.clock.Load())
	cs.mu.Lock()
	defer cs.mu.Unlock()
	cs.open[c] = struct{}{}
	return c, nil
}

// drop closes the connections that nobody uses and that weren't heard from since the
// clock stood at mark. Others are alive, or judged by who uses them.
func (cs *conns) drop(mark int64) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	for c := range cs.open {
		if c.users.Load() == 0 && c.heard.Load() < mark {
			delete(cs.open, c)
			_ = c.hangUp()
		}
	}
}

// countedConn is a connection of conns. Its writes are those that may have got through.
type countedConn struct {
	net.Conn
	of     *conns
	writes atomic.Int64
	users  atomic.Int32 // requests that wait for their answers on it
	heard  atomic.Int64 // what the clock said when the last byte came
}

// Read notes that the other end is there.
func (c *countedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 {
		c.heard.Store(c.of.clock.Load())
	}
	return n, err
}

// Write counts before it writes: an attempt that is given up while its write is
// under way has been written.
func (c *countedConn) Write(p []byte) (int, error) {
	if err := c.hold(); err != nil {
		return 0, err
	}
	c.writes.Add(1)
	n, err := c.Conn.Write(p)
	if n == 0 && err != nil {
		c.writes.Add(-1)
	}
	return n, err
}

// hold keeps a connection from writing behind the fence.
func (c *countedConn) hold() error {
	if c.of.fence != nil && !c.of.fence.Valid() {
		return errFenced
	}
	return nil
}

// Close takes the connection out of conns too.
func (c *countedConn) Close() error {
	c.of.mu.Lock()
	delete(c.of.open, c)
	c.of.mu.Unlock()
	return c.hangUp()
}

// hangUp has the kernel forget what it hasn't sent yet, behind the fence.
func (c *countedConn) hangUp() error {
	if tcp, ok := c.Conn.(*net.TCPConn); ok && c.hold() != nil {
		_ = tcp.SetLinger(0)
	}
	return c.Conn.Close()
}
