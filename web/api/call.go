package api

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"gatepost/auth"
	"gatepost/protocol"
)

// call is one request, read and checked by its route's rules.
type call struct {
	echo.Context
	token  *auth.APIToken
	params query
	body   []byte // nil where the route takes none
	binary bool   // the body is a binary message
}

// serve is the way of every call: whose it is, whether they may, what it says,
// and only then what it does.
func (a *API) serve(r route) echo.HandlerFunc {
	return func(ctx echo.Context) error {
		for _, value := range ctx.ParamValues() {
			if strings.Contains(value, "/") {
				// echo gives the last parameter of a path all that's left of it; a
				// name's own slashes come as %2F.
				return echo.ErrNotFound
			}
		}
		ctx.Response().Header()["Cache-Control"] = noStore
		if !a.Gateway.Alone() {
			namePartial(ctx)
		}
		c := &call{Context: ctx}
		var err error
		if c.token, err = a.authenticate(ctx.Request()); err != nil {
			return err
		}
		if err := c.requireAny(r.scopes); err != nil {
			return err
		}
		if c.params, err = parseQuery(ctx.Request().URL.RawQuery, r.query); err != nil {
			return err
		}
		if err := c.read(r.body); err != nil {
			return err
		}
		if err := c.token.CheckBody(c.body); err != nil {
			return err
		}
		return r.handle(c)
	}
}

// namePartial has the answer name the nodes that the call concerned and that didn't
// answer.
func namePartial(ctx echo.Context) {
	r := ctx.Request()
	gathering, partial := protocol.WithPartial(r.Context())
	ctx.SetRequest(r.WithContext(gathering))
	response := ctx.Response()
	response.Before(func() {
		if nodes := partial.Header(); nodes != "" {
			response.Header().Set(protocol.PartialHeader, nodes)
		}
	})
}

// Headers of most answers. http1 copies them, so that they can be shared.
var (
	noStore = []string{"no-store"}
	isJSON  = []string{echo.MIMEApplicationJSON}
)

// answer writes value as JSON.
func (c *call) answer(status int, value any) error {
	body, err := encode(value)
	if err != nil {
		return err
	}
	return c.write(status, body)
}

// write writes JSON.
func (c *call) write(status int, body []byte) error {
	response := c.Response()
	response.Header()["Content-Type"] = isJSON
	response.WriteHeader(status)
	_, err := response.Write(body)
	return err
}

func (c *call) ok(value any) error {
	if pushed, ok := value.(protocol.Pushed); ok {
		return c.write(http.StatusOK, encodePushed(pushed))
	}
	return c.answer(http.StatusOK, value)
}

// encodePushed is the answer to every push, encoded without encoding/json, which
// would cost as much as checking the push.
func encodePushed(p protocol.Pushed) []byte {
	b := make([]byte, 0, 64)
	b = strconv.AppendInt(append(b, `{"matched":`...), int64(p.Matched), 10)
	b = strconv.AppendInt(append(b, `,"queued":`...), int64(p.Queued), 10)
	b = strconv.AppendInt(append(b, `,"dropped":`...), int64(p.Dropped), 10)
	return append(b, '}')
}

// encode is value as JSON, with <, > and & as they are.
func encode(value any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(value); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
