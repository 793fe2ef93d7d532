package web

import (
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
func divertSockets(sockets Sockets, guard echo.MiddlewareFunc) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		if sockets == nil {
			return next
		}
		upgrade := guard(sockets.Upgrade)
		return func(c echo.Context) error {
			if !sockets.Matches(c.Request()) {
				return next(c)
			}
			return upgrade(c)
		}
	}
}
