package ws

import (
	"io"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/gorilla/websocket"
	"github.com/labstack/echo/v4"

	"gatepost/protocol"
)

// Bounds of ?refuse=close: how long writing the 101 may take, and then a refused
// connection until it is closed, and how many may be at it. Past that a refusal is
// plain HTTP.
const (
	upgradedIn = 10 * time.Second
	refusedFor = time.Second
	maxRefused = 256
)

// refuse answers with the refusal's status, or upgrades and closes at once where
// the client asked for that.
func (h *Handler) refuse(c echo.Context, rf *refusal) error {
	h.metrics.refused.WithLabelValues(strconv.Itoa(rf.Status)).Inc()
	h.tell(rf, c.RealIP())
	r := c.Request()
	if checkHandshake(r) == nil && queryValue(r.URL.RawQuery, "refuse") == "close" {
		select {
		case h.refusing <- struct{}{}:
			return h.refuseByClosing(c, &rf.Refusal)
		default:
		}
	}
	return answer(c, &rf.Refusal)
}

// answer writes the refusal as HTTP.
func answer(c echo.Context, rf *protocol.Refusal) error {
	header := c.Response().Header()
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Cache-Control", "no-store")
	if rf.RetryAfter > 0 {
		header.Set("Retry-After", strconv.Itoa(rf.RetryAfter))
	}
	switch rf.Status {
	case http.StatusUnauthorized:
		header.Set("WWW-Authenticate", "Bearer")
	case http.StatusMethodNotAllowed:
		header.Set("Allow", http.MethodGet+", "+http.MethodHead)
	case http.StatusUpgradeRequired:
		header.Set("Connection", "Upgrade")
		header.Set("Upgrade", "websocket")
		header.Set("Sec-WebSocket-Version", "13")
	}
	return c.Blob(rf.Status, "text/plain; charset=utf-8", []byte(protocol.Clip(refusalText(rf), protocol.MaxRefusalBytes)))
}

// refuseByClosing upgrades and closes with the code for this refusal. The
// connection counts as no client and is gone within refusedFor. It gives back the
// caller's place in h.refusing.
func (h *Handler) refuseByClosing(c echo.Context, rf *protocol.Refusal) error {
	r := c.Request()
	w, err := detach(c, refusedSubprotocol(r))
	if err != nil {
		<-h.refusing
		return notDetached(c, err)
	}
	go func() {
		defer func() { <-h.refusing }()
		defer w.conn.Close()
		ws, err := h.melody.Upgrader.Upgrade(w, r, w.header)
		if err != nil {
			return
		}
		deadline := time.Now().Add(refusedFor)
		_ = w.conn.SetDeadline(deadline) // fails only on a closed connection, which the write below finds
		frame := websocket.FormatCloseMessage(rf.CloseCode(), protocol.Clip(refusalText(rf), protocol.MaxReasonBytes))
		if ws.WriteControl(websocket.CloseMessage, frame, deadline) != nil {
			return
		}
		closeWrite(w.conn)
		// Closing with unread bytes would reset the connection, and the reset may
		// overtake the frame.
		_, _ = io.Copy(io.Discard, w.conn)
	}()
	return nil
}

// refusedSubprotocol is one that the client offered: a browser that offered some
// and gets none fails the connection before it sees the close code.
func refusedSubprotocol(r *http.Request) string {
	_, rest, bearer := takeFromSubprotocols(offered(r))
	switch {
	case bearer != "":
		return bearer
	case len(rest) > 0:
		return rest[0]
	}
	return ""
}

func refusalText(rf *protocol.Refusal) string {
	if rf.Text == "" {
		return http.StatusText(rf.Status)
	}
	return rf.Text
}

// closeWrite ends the sending side, where the connection can do that alone.
func closeWrite(conn net.Conn) {
	if half, ok := conn.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite() // fails only on a connection that has ended
	}
}
