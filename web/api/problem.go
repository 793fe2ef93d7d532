package api

import (
	"errors"
	"log/slog"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"gatepost/protocol"
)

// problem is an RFC 9457 problem as it is written. Its type is about:blank: what
// tells problems apart is the code.
type problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Code   string `json:"code"`
	Detail string `json:"detail"`
	Field  string `json:"field,omitempty"`
}

func newProblem(p *protocol.Problem) problem {
	return problem{Type: "about:blank", Title: http.StatusText(p.Status), Status: p.Status,
		Code: p.Code, Detail: p.Detail, Field: p.Field}
}

// HandleError is echo's error handler: it answers every error as a problem. An
// error that isn't meant for callers is logged, and answered without its text.
func HandleError(log *slog.Logger) echo.HTTPErrorHandler {
	return func(err error, c echo.Context) {
		if c.Response().Committed {
			return
		}
		p := problemOf(err)
		if p.Status == http.StatusInternalServerError {
			log.Error("a call failed", "method", c.Request().Method, "route", c.Path(), "error", err)
		}
		header := c.Response().Header()
		if p.Status == http.StatusUnauthorized && header.Get(echo.HeaderWWWAuthenticate) == "" {
			header.Set(echo.HeaderWWWAuthenticate, challenge(c.Request()))
		}
		if p.Status == http.StatusRequestTimeout {
			header.Set(echo.HeaderConnection, "close")
		}
		body, err := encode(newProblem(p))
		if err == nil {
			err = c.Blob(p.Status, "application/problem+json", body)
		}
		if err != nil {
			log.Debug("an answer wasn't written", "error", err)
		}
	}
}

// problemOf is what a caller is told of an error.
func problemOf(err error) *protocol.Problem {
	var p *protocol.Problem
	if errors.As(err, &p) {
		return p
	}
	var routing *echo.HTTPError
	if errors.As(err, &routing) {
		return routingProblem(routing)
	}
	return &protocol.Problem{Status: http.StatusInternalServerError, Code: protocol.CodeInternal,
		Detail: "the gateway failed; its log says why"}
}

func routingProblem(err *echo.HTTPError) *protocol.Problem {
	switch err.Code {
	case http.StatusNotFound:
		return &protocol.Problem{Status: err.Code, Code: protocol.CodeNotFound,
			Detail: "there is no such call; /openapi.yaml lists them"}
	case http.StatusMethodNotAllowed:
		return &protocol.Problem{Status: err.Code, Code: protocol.CodeMethod,
			Detail: "this path has other methods; the header Allow lists them"}
	}
	status := http.StatusText(err.Code)
	return &protocol.Problem{Status: err.Code, Code: strings.ReplaceAll(strings.ToLower(status), " ", "_"), Detail: status}
}
