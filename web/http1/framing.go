package http1

import (
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"golang.org/x/net/http/httpguts"
)

// frame ends the header: how the body is framed and whether another request may
// follow.
func (x *exchange) frame(p []byte, whole bool) {
	size := int64(x.held.Len() + len(p))
	old := !x.request.ProtoAtLeast(1, 1)
	hasBody := bodyAllowed(x.status)
	head := x.request.Method == http.MethodHead
	if hasBody && x.length < 0 && whole && (!head || size > 0) {
		x.length = size
		x.field("Content-Length", strconv.FormatInt(size, 10))
	}
	if hasBody && !x.typed && size > 0 {
		all := p
		if x.held.Len() > 0 {
			all = x.held.Bytes()
		}
		x.field("Content-Type", http.DetectContentType(all))
	}
	switch {
	case !hasBody, head, x.length >= 0:
	case old:
		x.last = true // its end is the connection's
	default:
		x.chunked = true
		x.field("Transfer-Encoding", "chunked")
	}
	if httpguts.HeaderValuesContainsToken(x.connection, "close") || x.conn.server.stopping.Load() {
		x.last = true
	}
	if x.hasBody && !x.last && !x.body.settle() {
		x.last = true
	}
	switch {
	case x.last && !old:
		x.field("Connection", "close")
	case x.last:
	case len(x.connection) > 0:
		_ = http.Header{"Connection": x.connection}.Write(&x.head) // a buffer takes everything
	case old:
		x.field("Connection", "keep-alive")
	}
	if !x.dated {
		x.field("Date", date())
	}
	x.head.WriteString("\r\n")
}

// field writes a field of the header, whose value is the server's own.
func (x *exchange) field(name, value string) {
	x.head.WriteString(name)
	x.head.WriteString(": ")
	x.head.WriteString(value)
	x.head.WriteString("\r\n")
}

// stamp is the Date of one second.
type stamp struct {
	second int64
	text   string
}

var lastStamp atomic.Pointer[stamp]

// date is the time as a Date (RFC 9110, section 5.6.7), composed once a second.
func date() string {
	now := time.Now()
	s := lastStamp.Load()
	if s == nil || s.second != now.Unix() {
		s = &stamp{now.Unix(), now.UTC().Format(http.TimeFormat)}
		lastStamp.Store(s)
	}
	return s.text
}
