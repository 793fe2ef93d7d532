package http1

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"time"
)

var errAnswered = errors.New("http1: the connection can't be hijacked once the answer has begun")

// exchange is one request and its answer. As an http.ResponseWriter it can be flushed
// and hijacked, and takes deadlines (http.ResponseController). It is the handler's
// until that returns.
type exchange struct {
	conn     *conn
	request  *http.Request
	context  callContext
	body     body
	hasBody  bool
	hijacked bool
	last     bool // the connection carries no other request
	unclear  bool // where the request ends; see ambiguous
	unread   bool // the peer may still be sending

	answer
}

// handle reads a request and has it answered. It says whether the connection may carry
// another.
func (c *conn) handle() (again bool) {
	r, f := c.read()
	if f != nil {
		c.refuse(f)
		return false
	}
	x := &exchange{conn: c, last: r.Close || c.over, unclear: c.ambiguous(r)}
	x.last = x.last || x.unclear
	x.context.conn = c
	state := stateBusy
	if r.Body != http.NoBody {
		state, x.hasBody = stateBody, true
		x.body.x, x.body.inner, x.body.left = x, r.Body, r.ContentLength
		x.body.asked = !expectsContinue(r) || !r.ProtoAtLeast(1, 1)
		r.Body = &x.body
	} else {
		x.context.mayWatch()
	}
	if !c.enter(state) {
		return false
	}
	x.request = r.WithContext(&x.context)
	clear(c.header)
	defer x.end()
	c.server.cfg.Handler.ServeHTTP(x, x.request)
	if x.hijacked {
		return false
	}
	x.context.end()
	x.finish()
	if x.unread {
		c.linger()
	}
	return !x.last
}

// end takes back what the handler may have kept: nobody else reads the connection from
// here on. It may be called twice.
func (x *exchange) end() {
	x.context.end()
	if x.hasBody {
		x.body.end()
	}
}

// goOn tells a peer that waits for it to send its body.
func (x *exchange) goOn() error {
	if x.status != 0 {
		return nil // it has its answer
	}
	x.conn.writeWithin(x.conn.server.cfg.Write)
	_, err := x.conn.wire.Write([]byte("HTTP/1.1 100 Continue\r\n\r\n"))
	return err
}

// Hijack gives the connection to the caller, with a reader that holds what has come
// behind the request, and without deadlines.
func (x *exchange) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	switch {
	case x.hijacked:
		return nil, nil, http.ErrHijacked
	case x.status != 0:
		return nil, nil, errAnswered
	}
	x.end()
	x.hijacked = true
	c := x.conn
	_ = c.raw.SetDeadline(time.Time{})             // fails only on a closed connection, which the hijacker finds
	early, _ := c.reader.Peek(c.reader.Buffered()) // of what is there no read can fail
	var in io.Reader = c.raw
	if len(early) > 0 {
		in = io.MultiReader(bytes.NewReader(bytes.Clone(early)), c.raw)
	}
	reader := bufio.NewReaderSize(in, len(early))
	_, _ = reader.Peek(len(early)) // so that it counts as buffered
	c.recycle()
	c.server.remove(c)
	// A hijacker that upgrades writes a header of this size through it.
	return c.raw, bufio.NewReadWriter(reader, bufio.NewWriterSize(c.raw, 256)), nil
}

// SetReadDeadline bounds reading the body.
func (x *exchange) SetReadDeadline(t time.Time) error { return x.context.readUntil(t) }

// SetWriteDeadline bounds writing the answer, in place of the server's time-out.
func (x *exchange) SetWriteDeadline(t time.Time) error { return x.conn.writeUntil(t) }

var (
	_ http.ResponseWriter = (*exchange)(nil)
	_ http.Hijacker       = (*exchange)(nil)
)
