package web

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"gatepost/web/api"
)

// Serves says whether something else than sockets is served on this path or beside
// it, which sockets there would hide.
func Serves(path string) bool {
	return path == healthPath || path == readyPath || api.Serves(path)
}

// divertSockets hands what the sockets answer to them before any routing: with
// the socket path "/" an upgrade on any path is theirs.
func divertSockets(sockets Sockets, guard echo.MiddlewareFunc, t Timeouts) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		if sockets == nil {
			return next
		}
		upgrade := guard(sockets.Upgrade)
		return func(c echo.Context) error {
			if !sockets.Matches(c.Request()) {
				return next(c)
			}
			liftDeadlines(c, t.Write)
			return upgrade(c)
		}
	}
}

// liftDeadlines gives a handshake the time that its connect webhook takes: the
// end of the read deadline would cancel the request while it waits. One that has a
// body is no handshake and keeps them, lest it be read for ever. An answer, which
// is a refusal, has so long again to be taken: a peer that pipelines handshakes and
// reads nothing would hold its connection without being anybody's client.
func liftDeadlines(c echo.Context, write time.Duration) {
	if c.Request().Method != http.MethodGet || c.Request().ContentLength != 0 {
		return
	}
	conn := http.NewResponseController(c.Response())
	// A connection that knows no deadlines has none to lift.
	_ = conn.SetReadDeadline(time.Time{})
	_ = conn.SetWriteDeadline(time.Time{})
	c.Response().Before(func() { _ = conn.SetWriteDeadline(time.Now().Add(write)) })
}
