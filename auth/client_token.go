package auth

import (
	"encoding/json"
	"time"

	"gatepost/protocol"
)

// ClientToken is what a verified client token says of its holder.
type ClientToken struct {
	UID     string          // empty: none
	Groups  []string        // joined on connecting
	Session json.RawMessage // compact, its digits kept; nil: none
	// Until is the unix time, in seconds, at which the connection is closed, or
	// nil. It may have passed.
	Until *int64
	// Claims is the whole payload of the token, for the connect event.
	Claims json.RawMessage
	// ExpiresAt is until when the token may be used to connect.
	ExpiresAt time.Time
}

// VerifyClient reads a client token. Its error is a 401 *protocol.Problem that
// names the claim at fault, a *WrongClaim about it where the token is somebody else's. The first call may wait some seconds for a JWKS that
// is being fetched.
func (t *Tokens) VerifyClient(token string) (*ClientToken, error) {
	c, exp, err := t.verify(t.client, token)
	if err != nil {
		return nil, err
	}
	counts, err := t.clients.check(c)
	if err != nil {
		return nil, err
	}
	if !time.Now().Before(exp) {
		return nil, unauthorized("exp", "has passed")
	}
	ct := &ClientToken{Claims: c.raw, ExpiresAt: exp}
	if raw, ok := c.get("sub"); ok && string(raw) != `""` {
		if ct.UID, err = protocol.ParseName("sub", raw); err != nil {
			return nil, badClaim("sub", err)
		}
	}
	if raw, ok := c.counting(counts, "groups"); ok {
		if ct.Groups, err = protocol.ParseGroups("groups", raw); err != nil {
			return nil, badClaim("groups", err)
		}
	}
	if raw, ok := c.counting(counts, "session"); ok {
		// Its size needs no check: a token is smaller than a session may be.
		if ct.Session, err = protocol.ParseSession("session", raw); err != nil {
			return nil, badClaim("session", err)
		}
	}
	if raw, ok := c.counting(counts, "until"); ok {
		if ct.Until, err = protocol.ParseUnix("until", raw); err != nil {
			return nil, badClaim("until", err)
		}
	}
	return ct, nil
}

// badClaim makes a 401 of the 400 with which protocol refuses a value.
func badClaim(claim string, err error) *protocol.Problem {
	if p, ok := err.(*protocol.Problem); ok {
		return unauthorized(p.Field, "%s", p.Detail)
	}
	return unauthorized(claim, "can't be read")
}
