package web

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"gatepost/protocol"
)

// refuseDotSegments answers what may mean another path than the one that is served: proxies
// take a step up for each "..", some of them also where it or a slash is percent-encoded, so that
// a push to a group called ../all would go to everybody. observed counts the answers.
func refuseDotSegments(observed echo.MiddlewareFunc) echo.MiddlewareFunc {
	refuse := observed(func(echo.Context) error {
		return &protocol.Problem{Status: http.StatusBadRequest, Code: protocol.CodeBadField, Field: "path",
			Detail: "has a segment . or .., which proxies take for a step; give such a name in a body, to POST /push for instance"}
	})
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			if hasDotSegment(c.Request().URL.Path) {
				return refuse(c)
			}
			return next(c)
		}
	}
}

// hasDotSegment says whether a decoded path has a segment "." or ".." (RFC 3986, section
// 3.3). A backslash is a slash to some proxies.
func hasDotSegment(path string) bool {
	if strings.IndexByte(path, '.') < 0 {
		return false
	}
	isSlash := func(c rune) bool { return c == '/' || c == '\\' }
	for segment := range strings.FieldsFuncSeq(path, isSlash) {
		if segment == "." || segment == ".." {
			return true
		}
	}
	return false
}
