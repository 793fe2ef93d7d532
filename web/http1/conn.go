package http1

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
)

// The states of a connection. Only its own goroutine makes it busy or idle; whoever
// shuts the server down may close it while it is neither.
const (
	stateFresh  int32 = iota // nothing has come
	stateIdle                // between two requests
	stateBusy                // has a request
	stateClosed              // by Shutdown
)

// lingerFor is how long a closing connection is read, whose peer may still be sending:
// closing with unread bytes would reset it, and the reset may overtake the answer.
const lingerFor = 500 * time.Millisecond

// readers are the buffers of connections, 4 KiB each.
var readers = sync.Pool{New: func() any { return bufio.NewReaderSize(nil, 4<<10) }}

// conn is one connection. All but its state is its own goroutine's.
type conn struct {
	server *Server
	raw    net.Conn
	remote string
	state  atomic.Int32

	in     source
	reader *bufio.Reader // nil once hijacked
	header http.Header   // of the answer, used again for each

	readBy, writeBy time.Time // the deadlines that are set
	wasPost         bool      // the request before was one
}

// source is the connection as the parser and the body's reader see it.
type source struct {
	conn   *conn
	remain int // bytes that may be read
	// due is the deadline of reading on; zero: it is set. Most requests come in one
	// piece, and then nobody has to wait for the rest.
	due time.Time
}

// Read reads from the connection, as much as remains.
func (s *source) Read(p []byte) (int, error) {
	if s.remain <= 0 {
		return 0, io.EOF
	}
	if len(p) > s.remain {
		p = p[:s.remain]
	}
	if !s.due.IsZero() {
		if err := s.conn.readUntil(s.due); err != nil {
			return 0, err
		}
	}
	n, err := s.conn.raw.Read(p)
	s.remain -= n
	return n, err
}

func newConn(s *Server, raw net.Conn) *conn {
	c := &conn{server: s, raw: raw, remote: raw.RemoteAddr().String(), header: make(http.Header)}
	c.in.conn = c
	return c
}

// serve answers one request after the other.
func (c *conn) serve() {
	defer c.end()
	c.reader = readers.Get().(*bufio.Reader)
	c.reader.Reset(&c.in)
	for c.await() && c.handle() {
		c.state.Store(stateIdle)
		if c.server.stopping.Load() {
			return
		}
	}
}

// end closes the connection, unless it is a hijacker's now.
func (c *conn) end() {
	if what := recover(); what != nil && what != http.ErrAbortHandler {
		c.server.cfg.Log.Error("a handler panicked", "panic", what, "stack", string(debug.Stack()))
	}
	if c.reader == nil {
		return
	}
	_ = c.raw.Close() // who is gone needs no answer
	c.server.remove(c)
	c.recycle()
}

// recycle gives the reader's buffer to the next connection.
func (c *conn) recycle() {
	c.reader.Reset(nil)
	readers.Put(c.reader)
	c.reader = nil
}

// await waits for a request's first bytes. It is false if none come, or the server
// stops first.
func (c *conn) await() bool {
	c.in.remain = c.server.cfg.MaxHeaderBytes + 4<<10
	if c.reader.Buffered() == 0 {
		limit := c.server.cfg.Idle
		if c.state.Load() == stateFresh {
			limit = c.server.cfg.Header
		}
		c.readWithin(limit)
		if _, err := c.reader.Peek(1); err != nil {
			return false
		}
	}
	return c.state.CompareAndSwap(stateFresh, stateBusy) || c.state.CompareAndSwap(stateIdle, stateBusy)
}

// slack is how much later than after limit a deadline may be, so that it needn't be
// set anew for each request.
func slack(limit time.Duration) time.Duration { return min(limit/8, time.Second) }

// readWithin has reading end after limit, or a little later.
func (c *conn) readWithin(limit time.Duration) {
	c.in.due = time.Time{}
	c.readBy = extend(c.readBy, limit, c.raw.SetReadDeadline)
}

// writeWithin has writing end after limit, or a little later.
func (c *conn) writeWithin(limit time.Duration) {
	c.writeBy = extend(c.writeBy, limit, c.raw.SetWriteDeadline)
}

// extend gives the deadline for a limit that begins now: the one that is set, if that
// is near enough.
func extend(current time.Time, limit time.Duration, set func(time.Time) error) time.Time {
	var next time.Time
	if limit > 0 {
		now := time.Now()
		if left := current.Sub(now); left >= limit && left <= limit+slack(limit) {
			return current
		}
		next = now.Add(limit + slack(limit))
	} else if current.IsZero() {
		return current
	}
	_ = set(next) // fails only on a closed connection, which whoever reads or writes finds
	return next
}

// readOnWithin has reading end limit after begun if it has to wait at all; zero: never.
func (c *conn) readOnWithin(limit time.Duration, begun time.Time) {
	if limit > 0 {
		c.in.due = begun.Add(limit)
	} else {
		_ = c.readUntil(time.Time{}) // fails only on a closed connection, which the next read finds
	}
}

// readUntil has reading end then; the zero time: never.
func (c *conn) readUntil(t time.Time) error {
	c.in.due = time.Time{}
	c.readBy = t
	return c.raw.SetReadDeadline(t)
}

// linger tells the peer that nothing else comes, and waits for it to stop sending.
func (c *conn) linger() {
	half, ok := c.raw.(interface{ CloseWrite() error })
	if !ok || half.CloseWrite() != nil || c.readUntil(time.Now().Add(lingerFor)) != nil {
		return
	}
	_, _ = io.Copy(io.Discard, c.raw) // however it ends, the connection is closed
}
