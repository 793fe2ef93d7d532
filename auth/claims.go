package auth

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"gatepost/protocol"
)

// maxUnix is the last second of the year 9999. What is beyond is milliseconds,
// most likely, and would make the token valid for ever.
const maxUnix = 253402300799

// claims are a token's claims by their exact names, not read yet: a struct would
// take "EXP" for "exp", and floats would lose the digits of a session.
type claims struct {
	raw    json.RawMessage
	byName map[string]json.RawMessage
}

var _ jwt.Claims = (*claims)(nil)

// UnmarshalJSON keeps raw, and splits it into its claims.
func (c *claims) UnmarshalJSON(raw []byte) error {
	if err := protocol.CheckJSON(raw); err != nil {
		return err
	}
	c.raw = append(json.RawMessage(nil), raw...)
	return json.Unmarshal(c.raw, &c.byName)
}

// get gives a claim that is there and isn't null.
func (c *claims) get(name string) (json.RawMessage, bool) {
	raw, ok := c.byName[name]
	return raw, ok && string(raw) != "null"
}

// counting is get for a claim that counts only if it is among those.
func (c *claims) counting(those []string, name string) (json.RawMessage, bool) {
	if !slices.Contains(those, name) {
		return nil, false
	}
	return c.get(name)
}

// GetExpirationTime reads exp.
func (c *claims) GetExpirationTime() (*jwt.NumericDate, error) { return c.date("exp") }

// GetIssuedAt reads iat.
func (c *claims) GetIssuedAt() (*jwt.NumericDate, error) { return c.date("iat") }

// GetNotBefore reads nbf.
func (c *claims) GetNotBefore() (*jwt.NumericDate, error) { return c.date("nbf") }

// date reads a NumericDate (RFC 7519, section 2): seconds, perhaps with a
// fraction.
func (c *claims) date(name string) (*jwt.NumericDate, error) {
	raw, ok := c.get(name)
	if !ok {
		return nil, nil
	}
	seconds, err := strconv.ParseFloat(string(raw), 64)
	if err != nil || math.IsNaN(seconds) || seconds < 0 || seconds > maxUnix {
		return nil, unauthorized(name, "must be a unix time in seconds")
	}
	whole, fraction := math.Modf(seconds)
	return &jwt.NumericDate{Time: time.Unix(int64(whole), int64(fraction*float64(time.Second)))}, nil
}

// GetAudience reads aud: a string, or an array of strings.
func (c *claims) GetAudience() (jwt.ClaimStrings, error) {
	raw, ok := c.get("aud")
	if !ok {
		return nil, nil
	}
	var one string
	if asString(raw, &one) {
		return jwt.ClaimStrings{one}, nil
	}
	var several []string
	if json.Unmarshal(raw, &several) != nil {
		return nil, unauthorized("aud", "must be a string or an array of strings")
	}
	return several, nil
}

// GetIssuer is not asked for: clientRules look at iss.
func (c *claims) GetIssuer() (string, error) { return "", nil }

// GetSubject is not asked for: sub is a uid, and may be an integer.
func (c *claims) GetSubject() (string, error) { return "", nil }

// text reads a claim that is a string; a missing one is "". A claim that is there
// must hold something: a call bound to "" or null was meant to be bound.
func (c *claims) text(name string) (string, error) {
	raw, ok := c.byName[name]
	if !ok {
		return "", nil
	}
	var s string
	if !asString(raw, &s) || s == "" {
		return "", unauthorized(name, "must be a string, and not empty")
	}
	return s, nil
}

func asString(raw json.RawMessage, s *string) bool { return json.Unmarshal(raw, s) == nil }
