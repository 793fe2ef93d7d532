package api

import (
	"net/http"
	"strings"

	"gatepost/auth"
	"gatepost/protocol"
)

// authenticate is the call's token: verified, and not bound to another call. Its
// body is checked when it has been read.
func (a *API) authenticate(r *http.Request) (*auth.APIToken, error) {
	bearer, err := bearerToken(r.Header)
	if err != nil {
		return nil, err
	}
	token, err := a.Tokens.VerifyAPI(bearer)
	if err != nil {
		return nil, err
	}
	return token, token.CheckCall(r.Method, callURI(r))
}

func bearerToken(h http.Header) (string, error) {
	missing := func(detail string) error {
		return &protocol.Problem{Status: http.StatusUnauthorized, Code: protocol.CodeUnauthorized,
			Field: "authorization", Detail: detail}
	}
	values := h.Values("Authorization")
	if len(values) == 0 {
		return "", missing("is missing; send Authorization: Bearer <token>")
	}
	scheme, token, _ := strings.Cut(values[0], " ")
	token = strings.Trim(token, " ")
	if len(values) > 1 || !strings.EqualFold(scheme, "Bearer") || token == "" {
		return "", missing("must be one Bearer token; send Authorization: Bearer <token>")
	}
	return token, nil
}

// challenge is the WWW-Authenticate of a 401 (RFC 6750, section 3).
func challenge(r *http.Request) string {
	if len(r.Header.Values("Authorization")) == 0 {
		return `Bearer realm="gatepost"`
	}
	return `Bearer realm="gatepost", error="invalid_token"`
}

// requireAny is a 403 unless the token has one of these scopes, however
// narrowed. No scopes: none is needed.
func (c *call) requireAny(scopes []auth.Verb) error {
	for _, scope := range scopes {
		if c.token.Scopes.AllowsAny(scope) {
			return nil
		}
	}
	if len(scopes) == 0 {
		return nil
	}
	return &protocol.Problem{Status: http.StatusForbidden, Code: protocol.CodeForbidden,
		Field: "scope", Detail: "the token lacks " + string(scopes[0])}
}

// permit is a 403 unless the token allows all that the action does.
func (c *call) permit(action *protocol.Action) error { return c.token.Scopes.Authorize(action) }
