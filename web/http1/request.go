package http1

import (
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"
)

// fault is why a request can't be read. Its connection carries no other.
type fault struct {
	status int    // 0: nobody is there to be told
	text   string // after the status; may be empty
}

// read reads a request's header. The body is left to the request.
func (c *conn) read() (*http.Request, *fault) {
	begun := time.Now()
	c.since.Store(int64(begun.Sub(c.server.begun)))
	c.disown()
	c.readOnWithin(c.server.cfg.Header, begun)
	if c.wasPost {
		c.skipLines()
	}
	c.fields.begin()
	early, _ := c.reader.Peek(c.reader.Buffered()) // of what is there no read can fail
	c.fields.follow(early)
	r, err := http.ReadRequest(c.reader)
	c.fields.over = true
	if err != nil {
		return nil, c.judge(err)
	}
	if f := c.check(r); f != nil {
		return nil, f
	}
	c.in.remain = math.MaxInt
	c.wasPost = r.Method == http.MethodPost
	r.RemoteAddr = c.remote
	if r.ContentLength != 0 {
		c.readOnWithin(c.server.cfg.Read, begun)
	}
	if r.ContentLength < 0 || r.ContentLength > readerSize {
		c.wire = c.raw // reading the rest wakes the monitor (socket.Watch)
	}
	return r, nil
}

// skipLines skips the line end that old clients send behind a POST's body (RFC 9112,
// section 2.2).
func (c *conn) skipLines() {
	const most = 4
	for range most {
		next, err := c.reader.Peek(1)
		if err != nil || next[0] != '\r' && next[0] != '\n' {
			return // ReadRequest finds the error too
		}
		_, _ = c.reader.Discard(1)
	}
}

// judge makes a fault of the parser's error.
func (c *conn) judge(err error) *fault {
	var network *net.OpError
	switch {
	case c.in.remain <= 0:
		return &fault{status: http.StatusRequestHeaderFieldsTooLarge}
	case errors.As(err, &network), errors.Is(err, io.EOF):
		return &fault{}
	case strings.HasPrefix(err.Error(), "unsupported transfer encoding"), strings.HasPrefix(err.Error(), "too many transfer encodings"):
		return &fault{status: http.StatusNotImplemented, text: "unsupported transfer encoding"}
	}
	return &fault{status: http.StatusBadRequest}
}

// check finds what http.ReadRequest lets pass and net/http's server doesn't.
func (c *conn) check(r *http.Request) *fault {
	switch {
	case r.ProtoMajor != 1:
		return &fault{http.StatusHTTPVersionNotSupported, "unsupported protocol version"}
	case !c.fields.host && r.ProtoAtLeast(1, 1) && r.Method != http.MethodConnect:
		return &fault{http.StatusBadRequest, "missing required Host header"}
	case !httpguts.ValidHostHeader(r.Host):
		return &fault{http.StatusBadRequest, "malformed Host header"}
	}
	for name, values := range r.Header {
		if !httpguts.ValidHeaderFieldName(name) {
			return &fault{http.StatusBadRequest, "invalid header name"}
		}
		for _, value := range values {
			if !httpguts.ValidHeaderFieldValue(value) {
				return &fault{http.StatusBadRequest, "invalid header value"}
			}
		}
	}
	if expect := r.Header.Get("Expect"); expect != "" && !expectsContinue(r) {
		return &fault{http.StatusExpectationFailed, ""}
	}
	return nil
}

// ambiguous says whether somebody in front may take something else for the request's body
// (RFC 9112, section 6.1): the connection has to end with the answer then.
func (c *conn) ambiguous(r *http.Request) bool {
	return c.fields.coding && (c.fields.length || !r.ProtoAtLeast(1, 1))
}

// expectsContinue says whether the peer waits for a 100 before it sends the body
// (RFC 9110, section 10.1.1). As with net/http, the first field counts.
func expectsContinue(r *http.Request) bool {
	values := r.Header["Expect"]
	return httpguts.HeaderValuesContainsToken(values[:min(len(values), 1)], "100-continue")
}

// refuse answers a request that can't be read.
func (c *conn) refuse(f *fault) {
	if f.status == 0 {
		return
	}
	text := fmt.Sprintf("%d %s", f.status, http.StatusText(f.status))
	if f.text != "" {
		text += ": " + f.text
	}
	c.writeWithin(c.server.cfg.Write)
	_, err := fmt.Fprintf(c.raw, "HTTP/1.1 %d %s\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\nDate: %s\r\n\r\n%s",
		f.status, http.StatusText(f.status), date(), text)
	if err == nil {
		c.linger()
	}
}
