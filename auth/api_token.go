package auth

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"time"
)

// APIToken is what a verified API token allows. It is shared: don't change it.
type APIToken struct {
	Scopes Scopes

	// The one call that the token is bound to; each is empty where it isn't.
	Method     string // htm: as in the request line
	URI        string // htu: path and query, as in the request line
	BodySHA256 string // body_sha256: of the raw body, lower-case hex
}

// VerifyAPI reads an API token. Its error is a 401 *protocol.Problem that names
// the claim at fault. Whether the token fits the call is for CheckCall and
// CheckBody to say, and for its scopes.
func (t *Tokens) VerifyAPI(token string) (*APIToken, error) {
	if len(token) > MaxTokenBytes {
		return nil, checkForm(token)
	}
	digest := sha256.Sum256([]byte(token))
	now := time.Now()
	if at, ok := t.cache.get(digest, now); ok {
		return at, nil
	}
	c, exp, err := t.verify(t.api, token)
	if err != nil {
		return nil, err
	}
	at, err := readAPIToken(c)
	if err != nil {
		return nil, err
	}
	if !at.bound() { // one that is bound to a call is hardly used twice
		t.cache.put(digest, at, now, exp.Add(Leeway))
	}
	return at, nil
}

func readAPIToken(c *claims) (at *APIToken, err error) {
	at = &APIToken{}
	scope := ""
	if raw, ok := c.get("scope"); ok && string(raw) != `""` {
		if scope, err = c.text("scope"); err != nil {
			return nil, err
		}
	}
	if at.Scopes, err = ParseScopes(scope); err != nil {
		return nil, err
	}
	if at.Method, err = c.text("htm"); err != nil {
		return nil, err
	}
	if at.URI, err = c.text("htu"); err != nil {
		return nil, err
	}
	if at.BodySHA256, err = c.text("body_sha256"); err != nil {
		return nil, err
	}
	if at.BodySHA256 != "" {
		sum, err := hex.DecodeString(at.BodySHA256)
		if err != nil || len(sum) != sha256.Size {
			return nil, unauthorized("body_sha256", "must be a SHA-256 in hex")
		}
		at.BodySHA256 = hex.EncodeToString(sum)
	}
	return at, nil
}

func (a *APIToken) bound() bool { return a.Method != "" || a.URI != "" || a.BodySHA256 != "" }

// CheckCall says whether the token may be used for this call: method and request
// URI (path with query) exactly as in the request line. Its error is a 401.
func (a *APIToken) CheckCall(method, requestURI string) error {
	if a.Method != "" && !equal(a.Method, method) {
		return unauthorized("htm", "the token is bound to another method")
	}
	if a.URI != "" && !equal(a.URI, requestURI) {
		return unauthorized("htu", "the token is bound to another path and query")
	}
	return nil
}

// CheckBody says whether the token may be used with this raw body, the empty one
// among them. Its error is a 401.
func (a *APIToken) CheckBody(body []byte) error {
	if a.BodySHA256 != "" && !equal(a.BodySHA256, BodyHash(body)) {
		return unauthorized("body_sha256", "the token is bound to another body")
	}
	return nil
}

// BodyHash is the body_sha256 of a body.
func BodyHash(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

func equal(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
