package web

import (
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"
)

// oneSlash takes one of two slashes from the beginning of a path: who puts a path
// behind an address that ends with a slash asks for //healthz. Elsewhere an empty
// segment is a segment.
func oneSlash(u *url.URL) {
	if strings.HasPrefix(u.Path, "//") && !strings.HasPrefix(u.RawPath, "/%") {
		u.Path, u.RawPath = u.Path[1:], strings.TrimPrefix(u.RawPath, "/")
	}
}

// dropSlash does so for each request.
func dropSlash(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		oneSlash(c.Request().URL)
		return next(c)
	}
}
