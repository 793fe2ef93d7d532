package webhooks

import (
	"context"
	"crypto/tls"
	"net/http/httptrace"
	"strings"
	"sync"
)

// wire is the connection that a request goes over. It tells whether any byte may have
// left the process: that a request was handed to a connection doesn't say so (it may
// have been dead already), and that net/http has formatted it doesn't either; so the
// connection's own writes are counted.
type wire struct {
	mu       sync.Mutex   // guards the following
	conn     *countedConn // nil: there was none yet
	secure   *tls.Conn    // around conn; nil: none
	reused   bool         // it was there before the request
	mark     int64        // what the clock of conns said when the request got it
	from     int64        // writes before that
	written  bool
	answered bool // the first byte of an answer has come
	doubled  bool // it was sent over another connection too
}

// watch makes the requests of ctx report to w.
func (w *wire) watch(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: w.gotConn, GotFirstResponseByte: w.gotByte})
}

func (w *wire) gotByte() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.answered = true
}

func (w *wire) gotConn(info httptrace.GotConnInfo) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.settle() // net/http tries another connection where the first was dead
	conn := info.Conn
	w.secure, _ = conn.(*tls.Conn)
	if w.secure != nil {
		conn = w.secure.NetConn()
	}
	counted, ok := conn.(*countedConn)
	if !ok {
		w.written = true // better a close too many than one too few
		return
	}
	counted.users.Add(1)
	w.conn, w.reused, w.from, w.mark = counted, info.Reused, counted.writes.Load(), counted.of.clock.Add(1)
}

// settle ends the counting on the connection so far.
func (w *wire) settle() {
	if w.conn == nil {
		return
	}
	w.conn.users.Add(-1)
	w.written = w.written || w.conn.writes.Load() > w.from
	w.conn = nil
}

// done says whether anything was written, now that the request is over.
func (w *wire) done() (written bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.settle()
	return w.written
}

// giveUp drops the connections that may be as dead as this one, where no byte of an answer
// has come over it in time.
func (w *wire) giveUp() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.conn != nil && !w.answered {
		w.conn.of.drop(w.mark)
	}
}

// hungUp says whether a request has failed with err since a kept connection was closed
// before the first byte of an answer. Servers close at any time (RFC 9112, section 9.5),
// also just as they are written to. That an HTTP/2 stream alone was ended is no such case.
func (w *wire) hungUp(err error) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.reused && !w.answered && !w.doubled && !strings.Contains(err.Error(), "stream error")
}

// double says whether the request is to be sent over another connection too: it is on a
// kept one of which no byte has come since. Of HTTP/2 the pings tell.
func (w *wire) double() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.doubled = w.conn != nil && w.reused && w.conn.heard.Load() < w.mark &&
		(w.secure == nil || w.secure.ConnectionState().NegotiatedProtocol != "h2")
	return w.doubled
}
