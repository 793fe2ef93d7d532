package web

import (
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"

	"github.com/labstack/echo/v4"
)

// recoverPanics makes an internal error of a panic, and logs where it was.
func recoverPanics(log *slog.Logger) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) (err error) {
			defer func() {
				what := recover()
				if what == nil {
					return
				}
				if what == http.ErrAbortHandler {
					panic(what) // a handler's way to drop a connection
				}
				log.Error("a handler panicked", "panic", fmt.Sprint(what), "stack", string(debug.Stack()))
				err = fmt.Errorf("panic: %v", what)
			}()
			return next(c)
		}
	}
}
