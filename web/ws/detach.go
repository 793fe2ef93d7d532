package ws

import (
	"bufio"
	"errors"
	"net"
	"net/http"

	"github.com/labstack/echo/v4"

	"gatepost/protocol"
)

// detached is a connection that was taken from the server, as the ResponseWriter
// that an upgrader wants. It lets the handler return, and with it what the server
// keeps for each request: the connection is served on a goroutine of its
// own.
type detached struct {
	conn     net.Conn          // what is upgraded
	buffered *bufio.ReadWriter // the server's, until the upgrade has used it
	header   http.Header
}

var errEarlyData = errors.New("the client sent frames before the handshake was complete")

// detach hijacks the connection. The error says that this isn't possible, and
// nothing has been written; for errEarlyData the connection is closed already.
func detach(c echo.Context, subprotocol string) (*detached, error) {
	conn, buffered, err := c.Response().Hijack()
	if err != nil {
		return nil, err
	}
	if buffered.Reader.Buffered() > 0 {
		_ = conn.Close()
		return nil, errEarlyData
	}
	c.Response().Status, c.Response().Committed = http.StatusSwitchingProtocols, true // for whoever logs it
	w := &detached{conn: conn, buffered: buffered}
	if subprotocol != "" {
		w.header = http.Header{"Sec-Websocket-Protocol": {subprotocol}}
	}
	return w, nil
}

// notDetached answers a handshake whose connection couldn't be taken from
// the server.
func notDetached(c echo.Context, err error) error {
	if errors.Is(err, errEarlyData) {
		c.Response().Committed = true
		return nil
	}
	return answer(c, &protocol.Refusal{Status: http.StatusInternalServerError, Text: "the connection can't be upgraded"})
}

// Hijack gives the connection with the server's buffers, which the upgrader needs but
// doesn't keep.
func (w *detached) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	buffered := w.buffered
	w.buffered = nil
	return w.conn, buffered, nil
}

// Header holds what the 101 adds.
func (w *detached) Header() http.Header { return w.header }

// Write and WriteHeader are for an upgrader's HTTP errors. The handshake was
// checked before, so there are none.
func (w *detached) Write(p []byte) (int, error) { return len(p), nil }

// WriteHeader does nothing; see Write.
func (w *detached) WriteHeader(int) {}

var (
	_ http.ResponseWriter = (*detached)(nil)
	_ http.Hijacker       = (*detached)(nil)
)
