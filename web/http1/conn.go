package http1

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/netip"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"gatepost/socket"
)

// The states of a connection. Only its own goroutine leads from one to the next, but
// whoever shuts the server down may close it while it is fresh or idle, and whoever makes
// room while it isn't busy.
const (
	stateFresh  int32 = iota // nothing has come
	stateIdle                // between two requests
	stateHeader              // a request has begun
	stateBody                // its handler is at work, but its body hasn't come whole
	stateBusy                // its handler is at work
	stateAnswer              // some of the answer is on its way
	stateClosed              // by somebody else
)

// lingerFor is how long a closing connection is read, whose peer may still be sending:
// closing with unread bytes would reset it, and the reset may overtake the answer.
const lingerFor = 500 * time.Millisecond

// readers are the buffers of connections.
var readers = sync.Pool{New: func() any { return bufio.NewReaderSize(nil, readerSize) }}

// readerSize is the size of such a buffer, in bytes. A longer body may be much to do.
const readerSize = 4 << 10

// conn is one connection. All but its state and deadlines is its own goroutine's.
type conn struct {
	server *Server
	raw    net.Conn
	wire   io.ReadWriter // raw or quick, to be read from and written to
	quick  io.ReadWriter // raw by calls for little; nil before the second request
	remote string
	state  atomic.Int32
	since  atomic.Int64 // when this state, or the request, began: time since the server's own beginning
	useful atomic.Bool  // it has carried a request that was answered below 400

	address netip.Prefix // what the peer counts as; only unless it is trusted
	trusted bool         // it isn't counted by its address
	over    bool         // it is beyond its address' limit, and carries one request
	leaving bool         // it was closed to make room; the server's mu guards it
	place   int          // among those of its address; the same mu guards it

	in     source
	reader *bufio.Reader // nil once hijacked
	fields fields        // of the request's header
	header http.Header   // of the answer, used again for each; nil: none yet

	wasPost bool // the request before was one

	// A handler's goroutines may set deadlines while others read and write.
	mu              sync.Mutex // guards what follows
	readBy, writeBy time.Time  // the deadlines that are set
	// due is the deadline of reading on; zero: it is set. Most requests come in one
	// piece, and then nobody has to wait for the rest.
	due      time.Time
	ownWrite bool // the handler says how long writing may take
}

// source is the connection as the parser and the body's reader see it.
type source struct {
	conn   *conn
	remain int // bytes that may be read
}

// Read reads from the connection, as much as remains.
func (s *source) Read(p []byte) (int, error) {
	if s.remain <= 0 {
		return 0, io.EOF
	}
	if len(p) > s.remain {
		p = p[:s.remain]
	}
	if err := s.conn.arm(); err != nil {
		return 0, err
	}
	n, err := s.conn.wire.Read(p)
	s.conn.fields.follow(p[:n])
	s.remain -= n
	return n, err
}

func newConn(s *Server, raw net.Conn) *conn {
	c := &conn{server: s, raw: raw, wire: raw, remote: raw.RemoteAddr().String()}
	c.in.conn, c.fields.over = c, true
	c.address, c.trusted = s.cfg.Limits.addressOf(c)
	c.waits()
	return c
}

// serve answers one request after the other.
func (c *conn) serve() {
	defer c.end()
	c.reader = readers.Get().(*bufio.Reader)
	c.reader.Reset(&c.in)
	for c.await() && c.handle() {
		c.waits()
		if !c.enter(stateIdle) || c.server.sweeping.Load() {
			return
		}
		if c.quick == nil { // it isn't to be hijacked, most likely: it carries calls
			c.quick = socket.Of(c.raw)
		}
		c.wire = c.quick
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
		limit := c.server.cfg.Header
		if c.state.Load() != stateFresh {
			limit = c.server.cfg.Idle
		}
		c.readWithin(limit)
		if _, err := c.reader.Peek(1); err != nil {
			return false
		}
	}
	return c.enter(stateHeader)
}

// waits says that the peer is waited for from now on.
func (c *conn) waits() { c.since.Store(int64(time.Since(c.server.begun))) }

// enter changes the state, unless somebody else has closed the connection. Only its own
// goroutine, or its handler, calls it.
func (c *conn) enter(state int32) bool {
	for old := c.state.Load(); old != stateClosed; old = c.state.Load() {
		if c.state.CompareAndSwap(old, state) {
			return true
		}
	}
	return false
}

// linger tells the peer that nothing else comes, and waits for it to stop sending.
func (c *conn) linger() {
	half, ok := c.raw.(interface{ CloseWrite() error })
	if !ok || half.CloseWrite() != nil || c.readUntil(time.Now().Add(lingerFor)) != nil {
		return
	}
	_, _ = io.Copy(io.Discard, c.raw) // however it ends, the connection is closed
}
