package auth

import (
	"errors"
	"slices"
	"strings"

	"github.com/golang-jwt/jwt/v5"

	"gatepost/protocol"
)

// NoAudience as the only one of Config.ClientAudiences: aud isn't looked at, except
// that no API token is a client's.
const NoAudience = "none"

// OwnClaims are the claims that say something of a client where the token is for
// AudienceClient, and in others where Config.ForeignClaims has them.
var OwnClaims = []string{"groups", "session", "until"}

// CheckClientAudiences says why these can't be Config.ClientAudiences.
func CheckClientAudiences(audiences []string) error {
	switch {
	case slices.Contains(audiences, AudienceAPI):
		return errors.New("has " + AudienceAPI + ", which is the API's: whoever calls it could connect as any client")
	case len(audiences) > 1 && slices.Contains(audiences, NoAudience):
		return errors.New("names none beside others")
	}
	return nil
}

// WrongClaim is the 401 of a token for somebody else, of somebody else, or signed in
// another way, with what it says there.
type WrongClaim struct {
	*protocol.Problem
	Sent string // the value of the claim, or of the header's alg, in JSON
}

// Unwrap gives the problem.
func (w *WrongClaim) Unwrap() error { return w.Problem }

// clientRules say which tokens are clients', and what of them counts.
type clientRules struct {
	audiences []string // nil: aud isn't looked at
	issuers   []string // nil: iss isn't looked at
	foreign   []string // claims that count in tokens that aren't for AudienceClient
}

func newClientRules(c Config) clientRules {
	r := clientRules{audiences: c.ClientAudiences, issuers: c.ClientIssuers, foreign: c.ForeignClaims}
	switch {
	case len(r.audiences) == 0:
		r.audiences = []string{AudienceClient}
	case slices.Equal(r.audiences, []string{NoAudience}):
		r.audiences = nil
	}
	return r
}

// check judges by whom and for whom a token is whose signature is good, and says
// which claims of it count beside sub and exp. A token is made for Gatepost where
// AudienceClient is asked for and in its aud.
func (r clientRules) check(c *claims) (counts []string, err error) {
	if len(r.issuers) > 0 {
		var iss string
		raw, ok := c.get("iss")
		switch {
		case !ok:
			return nil, unauthorized("iss", "is missing; %s is expected", strings.Join(r.issuers, " or "))
		case !asString(raw, &iss) || !slices.Contains(r.issuers, iss):
			return nil, &WrongClaim{unauthorized("iss", "is somebody else; %s is expected", strings.Join(r.issuers, " or ")), string(raw)}
		}
	}
	aud, err := c.GetAudience()
	switch {
	case err != nil:
		return nil, err
	case r.audiences == nil && slices.Contains(aud, AudienceAPI):
		return nil, unauthorized("aud", "is for the API")
	case slices.Contains(r.audiences, AudienceClient) && slices.Contains(aud, AudienceClient):
		return OwnClaims, nil
	}
	return r.foreign, nil
}

// signed is who a client token that is signed here comes from, and for whom it is.
func (r clientRules) signed() jwt.MapClaims {
	c := jwt.MapClaims{"aud": AudienceClient}
	if len(r.issuers) > 0 {
		c["iss"] = r.issuers[0]
	}
	return c
}
