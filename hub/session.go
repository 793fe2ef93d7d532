package hub

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"gatepost/protocol"
)

// Session is the client's session and its ETag.
func (c *Client) Session() (json.RawMessage, string) {
	c.mu.Lock()
	session := c.session
	c.mu.Unlock()
	return session, etag(session)
}

// ChangeSession sets, merges or updates the session, in one step against every
// other change. ifMatch, unless empty, must be the ETag of the session as it is
// (or "*"). It returns the new session and its ETag. An error is a problem: the
// client is gone, ifMatch doesn't hold (412), the result is too large (413).
func (c *Client) ChangeSession(mode protocol.SessionMode, change json.RawMessage, ifMatch string) (json.RawMessage, string, error) {
	defer c.hub.changed(c)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.is(closing) {
		return nil, "", protocol.ClientGone(c.id)
	}
	if ifMatch != "" && ifMatch != "*" && ifMatch != etag(c.session) {
		return nil, "", &protocol.Problem{Status: 412, Code: protocol.CodePrecondition, Field: "if-match",
			Detail: "the session has changed; its ETag is now " + etag(c.session)}
	}
	session, err := protocol.ApplySession(c.session, mode, change)
	if err != nil {
		return nil, "", err
	}
	c.session = bytes.Clone(session)
	return c.session, etag(c.session), nil
}

// etag is a strong validator (RFC 9110, section 8.8.3): a digest, so that equal
// sessions have equal ones whatever their history.
func etag(session json.RawMessage) string {
	sum := sha256.Sum256(session)
	return `"` + hex.EncodeToString(sum[:16]) + `"`
}
