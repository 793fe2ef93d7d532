package http1

import (
	"bytes"
	"fmt"
	"net/http"
	"strconv"
	"sync"
)

// maxHeld is how much of an answer of unknown length is held back: one that ends
// within it has a Content-Length, and a longer one leaves in chunks of so much.
const maxHeld = 4 << 10

// framing is what the server says of an answer, whatever its handler says.
var (
	framing       = map[string]bool{"Connection": true, "Transfer-Encoding": true}
	framingOfNone = map[string]bool{"Connection": true, "Transfer-Encoding": true, "Content-Length": true}
	framingOf304  = map[string]bool{"Connection": true, "Transfer-Encoding": true, "Content-Length": true, "Content-Type": true}
)

// answer is what the handler has written.
type answer struct {
	status     int // 0: nothing is decided
	connection []string
	typed      bool  // the handler has said what the body is, or how it is coded
	dated      bool  // and when it was made
	length     int64 // of the body; -1: not known
	written    int64
	sent       bool // the header is complete
	begun      bool // some of the answer has left
	chunked    bool
	failure    error // of writing
	*paper
}

// paper is what an answer is written on.
type paper struct {
	head bytes.Buffer // what has to leave before held
	held bytes.Buffer // of the body
}

var papers = sync.Pool{New: func() any { return new(paper) }}

// maxPaper is the size of a buffer from which on it isn't kept.
const maxPaper = 64 << 10

// Header is the answer's header, the handler's until the header is written.
func (x *exchange) Header() http.Header {
	if x.conn.header == nil {
		x.conn.header = make(http.Header)
	}
	return x.conn.header
}

// WriteHeader decides the answer's status and header. The first call counts. It panics
// for a status that isn't an answer's.
func (x *exchange) WriteHeader(status int) {
	if x.hijacked || x.status != 0 {
		return
	}
	if status < 200 || status > 999 {
		panic(fmt.Sprintf("http1: an answer can't have the status %d", status))
	}
	x.status, x.length, x.paper = status, -1, papers.Get().(*paper)
	h := x.conn.header
	if text := h.Get("Content-Length"); text != "" {
		if n, err := strconv.ParseInt(text, 10, 64); err == nil && n >= 0 && bodyAllowed(status) {
			x.length = n
		} else {
			h.Del("Content-Length")
		}
	}
	x.connection = h["Connection"]
	_, x.dated = h["Date"] // if only to say that there is none
	_, x.typed = h["Content-Type"]
	x.typed = x.typed || h.Get("Content-Encoding") != ""

	proto := "HTTP/1.1 "
	if !x.request.ProtoAtLeast(1, 1) {
		proto = "HTTP/1.0 "
	}
	x.head.WriteString(proto)
	x.head.Write(strconv.AppendInt(x.head.AvailableBuffer(), int64(status), 10))
	x.head.WriteByte(' ')
	x.head.WriteString(http.StatusText(status))
	x.head.WriteString("\r\n")
	own := framing
	switch {
	case status == http.StatusNotModified:
		own = framingOf304
	case !bodyAllowed(status):
		own = framingOfNone
	}
	_ = h.WriteSubset(&x.head, own) // a buffer takes everything
}

// bodyAllowed says whether an answer of this status has a body (RFC 9110, section
// 6.4.1).
func bodyAllowed(status int) bool {
	return status >= 200 && status != http.StatusNoContent && status != http.StatusNotModified
}

// Write writes some of the body. It leaves at once only if it is much.
func (x *exchange) Write(p []byte) (int, error) {
	if x.hijacked {
		return 0, http.ErrHijacked
	}
	if x.status == 0 {
		x.WriteHeader(http.StatusOK)
	}
	switch {
	case len(p) == 0:
		return 0, nil
	case !bodyAllowed(x.status):
		return 0, http.ErrBodyNotAllowed
	case x.length >= 0 && x.written+int64(len(p)) > x.length:
		return 0, http.ErrContentLength
	}
	x.written += int64(len(p))
	if x.held.Len()+len(p) <= maxHeld {
		return x.held.Write(p)
	}
	err := x.send(p, part)
	x.conn.enter(stateBusy)
	if err != nil {
		return 0, err
	}
	return len(p), nil
}

// FlushError sends what was written.
func (x *exchange) FlushError() error {
	if x.hijacked {
		return http.ErrHijacked
	}
	if x.status == 0 {
		x.WriteHeader(http.StatusOK)
	}
	defer x.conn.enter(stateBusy)
	return x.send(nil, flush)
}

// Flush does as FlushError.
func (x *exchange) Flush() { _ = x.FlushError() }

// finish sends what is left of the answer.
func (x *exchange) finish() {
	if x.status == 0 {
		x.WriteHeader(http.StatusOK)
	}
	if x.status < http.StatusBadRequest && !x.conn.useful.Load() {
		x.conn.useful.Store(true)
	}
	short := x.length > x.written && x.request.Method != http.MethodHead
	if x.send(nil, end) != nil || short {
		x.last = true
	}
	x.unread = x.hasBody && !x.body.end() && x.last || x.unclear
	if x.head.Cap()+x.held.Cap() <= maxPaper {
		x.head.Reset()
		x.held.Reset()
		papers.Put(x.paper)
	}
	x.paper = nil
}

// occasion is why something is sent.
type occasion int

const (
	part  occasion = iota // more was written than is held back
	flush                 // the handler wants it to leave
	end                   // the handler has returned
)

// send sends what is held back, and p behind it. At the end the body's length is known.
func (x *exchange) send(p []byte, why occasion) error {
	if !x.sent {
		x.sent = true
		x.frame(p, why == end)
	}
	if x.request.Method == http.MethodHead {
		x.held.Reset()
		p = nil
	}
	size := x.held.Len() + len(p)
	chunk := x.chunked && size > 0
	if chunk {
		x.head.Write(strconv.AppendInt(x.head.AvailableBuffer(), int64(size), 16))
		x.head.WriteString("\r\n")
	}
	x.head.Write(x.held.Bytes())
	x.held.Reset()
	if len(p) > maxHeld { // too much to be copied
		x.transmit(x.head.Bytes())
		x.head.Reset()
		x.transmit(p)
	} else {
		x.head.Write(p)
	}
	if chunk {
		x.head.WriteString("\r\n")
	}
	if x.chunked && why == end {
		x.head.WriteString("0\r\n\r\n")
	}
	if why != part || x.head.Len() > maxHeld {
		x.transmit(x.head.Bytes())
		x.head.Reset()
	}
	return x.failure
}

// transmit writes to the peer, unless that has failed before.
func (x *exchange) transmit(p []byte) {
	if x.failure != nil || len(p) == 0 {
		return
	}
	if !x.begun {
		x.conn.writeWithin(x.conn.server.cfg.Write)
	}
	x.begun = true
	x.conn.enter(stateAnswer)
	_, x.failure = x.conn.wire.Write(p)
}
