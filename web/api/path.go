package api

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"gatepost/protocol"
)

// RawPath makes echo route by the path as it was sent, whatever it holds. By
// itself echo takes the sent form where it differs from Go's own escaping and the
// decoded one elsewhere, so that a handler couldn't tell %2525 from %25.
//
// It belongs before the routing (echo.Pre).
func RawPath(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		u := c.Request().URL
		u.RawPath = u.EscapedPath()
		return next(c)
	}
}

// Serves says whether the API has calls on this path or beside it, below the same
// first segment.
func Serves(path string) bool {
	first := firstSegment(path)
	described := append((&API{Deps: Deps{Metrics: http.NotFoundHandler()}}).routes(), route{path: descriptionPath})
	return slices.ContainsFunc(described, func(r route) bool { return firstSegment(r.path) == first })
}

func firstSegment(path string) string {
	first, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	return first
}

// callURI is what a token may be bound to: path and query as they were sent.
func callURI(r *http.Request) string {
	if strings.HasPrefix(r.RequestURI, "/") {
		return r.RequestURI
	}
	uri := r.URL.EscapedPath() // the request line names a host, as for a proxy
	if r.URL.ForceQuery || r.URL.RawQuery != "" {
		uri += "?" + r.URL.RawQuery
	}
	return uri
}

// decodeSegment is what one segment of a path says. A plus is a plus.
func decodeSegment(field, segment string) (string, error) {
	if strings.Contains(segment, "/") {
		return "", echo.ErrNotFound
	}
	s, err := url.PathUnescape(segment)
	if err != nil {
		return "", &protocol.Problem{Status: http.StatusBadRequest, Code: protocol.CodeBadName, Field: field,
			Detail: "isn't percent-encoded; write % as %25"}
	}
	return s, nil
}

// decodeName is the uid or group that a segment of a path names.
func decodeName(field, segment string) (string, error) {
	name, err := decodeSegment(field, segment)
	if err != nil {
		return "", err
	}
	return name, protocol.CheckName(field, name)
}

// name is the uid or group in the path.
func (c *call) name(param string) (string, error) { return decodeName(param, c.Param(param)) }

// clientID is the client id in the path.
func (c *call) clientID() (string, error) {
	id, err := decodeSegment("client_id", c.Param("id"))
	if err != nil {
		return "", err
	}
	return id, protocol.CheckClientID("client_id", id)
}
