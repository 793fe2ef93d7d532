package api

import (
	"encoding/json"
	"net/http"

	"github.com/labstack/echo/v4"

	"gatepost/auth"
	"gatepost/protocol"
)

func (a *API) getSession(c *call) error {
	id, err := c.clientID()
	if err != nil {
		return err
	}
	return a.readSession(c, id)
}

// session is the call whose body is a session action without "action": it changes the session,
// or reads it where it doesn't say how.
func (a *API) session(c *call) error {
	action, err := protocol.ParseSessionCall(c.body)
	switch {
	case err != nil:
		return err
	case action.SessionMode == "":
		return a.readSession(c, action.ClientID)
	}
	return a.changeSession(c, action)
}

func (a *API) readSession(c *call, id string) error {
	if !c.token.Scopes.AllowsAny(auth.VerbRead) {
		if err := c.token.Scopes.Require(auth.VerbSession, auth.KindClient, id); err != nil {
			return err
		}
	}
	session, etag, err := a.Gateway.Session(c.Request().Context(), id)
	if err != nil {
		return err
	}
	unwanted, err := parseETags(c.Request().Header.Values("If-None-Match"))
	if err != nil {
		return protocol.BadField("If-None-Match", "%s", err)
	}
	if unwanted.matchWeakly(etag) {
		c.Response().Header().Set("ETag", etag)
		return c.NoContent(http.StatusNotModified)
	}
	return c.session(session, etag)
}

func (a *API) putSession(c *call) error { return a.bodyToSession(c, protocol.SessionSet) }

func (a *API) patchSession(c *call) error {
	mode, ok, err := c.params.one("mode")
	switch {
	case err != nil:
		return err
	case !ok || mode == string(protocol.SessionMerge):
		return a.bodyToSession(c, protocol.SessionMerge)
	case mode == string(protocol.SessionUpdate):
		return a.bodyToSession(c, protocol.SessionUpdate)
	}
	return protocol.BadField("mode", "must be merge or update")
}

func (a *API) bodyToSession(c *call, mode protocol.SessionMode) error {
	id, err := c.clientID()
	if err != nil {
		return err
	}
	action, err := protocol.ParseSessionBody(id, mode, c.body)
	if err != nil {
		return err
	}
	return a.changeSession(c, action)
}

func (a *API) changeSession(c *call, action *protocol.Action) (err error) {
	if err = c.permit(action); err != nil {
		return err
	}
	if action.SessionIfMatch, err = a.precondition(c, action.ClientID); err != nil {
		return err
	}
	session, etag, err := a.Gateway.ChangeSession(c.Request().Context(), action)
	if err != nil {
		return err
	}
	return c.session(session, etag)
}

// precondition is the one ETag that must still hold when the change is made,
// after If-Match; empty: any. The gateway takes one, so a list is narrowed here to
// the one that holds now; should that change meanwhile, the change fails.
func (a *API) precondition(c *call, id string) (string, error) {
	headers := c.Request().Header.Values("If-Match")
	wanted, err := parseETags(headers)
	if err != nil {
		return "", protocol.BadField("If-Match", "%s", err)
	}
	if len(headers) == 0 || wanted.any {
		return "", nil
	}
	_, current, err := a.Gateway.Session(c.Request().Context(), id)
	if err != nil {
		return "", err
	}
	if !wanted.matchStrongly(current) {
		return "", &protocol.Problem{Status: http.StatusPreconditionFailed, Code: protocol.CodePrecondition,
			Field: "If-Match", Detail: "the session has changed: read it again"}
	}
	return current, nil
}

// session answers a session with its ETag.
func (c *call) session(session json.RawMessage, etag string) error {
	c.Response().Header().Set("ETag", etag)
	return c.Blob(http.StatusOK, echo.MIMEApplicationJSON, session)
}
