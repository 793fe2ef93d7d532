package webhooks

import (
	"context"
	"net"
	"net/http/httptrace"
	"sync"
	"sync/atomic"
)

// dialFunc is net.Dialer.DialContext.
type dialFunc func(ctx context.Context, network, addr string) (net.Conn, error)

// counting makes a dialer's connections count what is written to them, and write
// nothing behind the fence (nil: there is none).
func counting(dial dialFunc, fence Fence) dialFunc {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return &countedConn{Conn: conn, fence: fence}, nil
	}
}

// countedConn counts the writes that may have got through.
type countedConn struct {
	net.Conn
	fence  Fence
	writes atomic.Int64
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
	if c.fence != nil && !c.fence.Valid() {
		return errFenced
	}
	return nil
}

// Close has the kernel forget what it hasn't sent yet, behind the fence.
func (c *countedConn) Close() error {
	if tcp, ok := c.Conn.(*net.TCPConn); ok && c.hold() != nil {
		_ = tcp.SetLinger(0)
	}
	return c.Conn.Close()
}

// wire tells whether any byte of an attempt may have left the process. That a
// request was handed to a connection doesn't say so (it may have been dead
// already), and that net/http has formatted it doesn't either; so the
// connection's own writes are counted.
type wire struct {
	mu      sync.Mutex // guards the following
	conn    *countedConn
	from    int64
	written bool
}

// watch makes the attempts of ctx report to w.
func (w *wire) watch(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: w.gotConn})
}

func (w *wire) gotConn(info httptrace.GotConnInfo) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.settle() // net/http tries another connection where the first was dead
	conn := info.Conn
	if secure, ok := conn.(interface{ NetConn() net.Conn }); ok {
		conn = secure.NetConn()
	}
	counted, ok := conn.(*countedConn)
	if !ok {
		w.written = true // better a close too many than one too few
		return
	}
	w.conn, w.from = counted, counted.writes.Load()
}

func (w *wire) settle() {
	if w.conn != nil && w.conn.writes.Load() > w.from {
		w.written = true
	}
}

// wrote says whether anything was written. The attempt is over.
func (w *wire) wrote() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.settle()
	return w.written
}
