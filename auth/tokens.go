package auth

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"gatepost/protocol"
)

// The audiences: which door a token opens.
const (
	AudienceClient = "gatepost:client"
	AudienceAPI    = "gatepost:api"
)

const (
	// MaxTokenBytes is the longest token that is looked at: as much as common
	// servers take in one header.
	MaxTokenBytes = 8 << 10
	// Leeway is what clocks may differ by. It holds for nbf and iat of every token
	// and for exp of an API token; a client token's exp is exact, since a client's
	// clock has no part in it.
	Leeway = 60 * time.Second
)

// Tokens signs and verifies tokens. It may be used from many goroutines.
type Tokens struct {
	secrets [][]byte
	keys    *publicKeys // nil: none are configured
	client  *rules
	api     *rules
	clients clientRules
	cache   *tokenCache
}

// NewTokens reads the configuration and the key file; its error names every
// fault. A JWKS is fetched in the background, again and again until it is there,
// and kept fresh until ctx ends: an absent key server keeps nobody from starting.
func NewTokens(ctx context.Context, c Config, log *slog.Logger) (*Tokens, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	t := &Tokens{clients: newClientRules(c), cache: newTokenCache(maxCachedTokens)}
	for _, s := range c.Secrets {
		t.secrets = append(t.secrets, []byte(s))
	}
	var symmetric, asymmetric []string
	if len(t.secrets) > 0 {
		symmetric = []string{algHS256}
	}
	if c.PublicKeyFile != "" || c.JWKSURL != "" {
		asymmetric = []string{algRS256, algES256, algEdDSA}
		var err error
		if t.keys, err = newPublicKeys(ctx, c.PublicKeyFile, c.JWKSURL, log); err != nil {
			return nil, err
		}
	}
	t.client = newRules(t.clients.audiences, slices.Concat(symmetric, asymmetric))
	if !c.JWKSForAPI {
		asymmetric = nil
	}
	t.api = newRules([]string{AudienceAPI}, slices.Concat(symmetric, asymmetric))
	return t, nil
}

// Format hides the secrets from package fmt, whatever the verb.
func (t *Tokens) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, hidden) }

// rules are what the tokens of one door must be.
type rules struct {
	*jwt.Parser
	audiences, methods []string
}

// newRules are what RFC 8725 asks for; the library's defaults check neither
// the algorithm nor the audience, and take a token without exp. An empty list of
// methods refuses every token; no audiences let one for anybody pass.
func newRules(audiences, methods []string) *rules {
	if methods == nil {
		methods = []string{}
	}
	options := []jwt.ParserOption{
		jwt.WithValidMethods(methods),
		jwt.WithExpirationRequired(),
		jwt.WithIssuedAt(),
		jwt.WithLeeway(Leeway),
		jwt.WithStrictDecoding(),
	}
	if len(audiences) > 0 {
		options = append(options, jwt.WithAudience(audiences...))
	}
	return &rules{jwt.NewParser(options...), audiences, methods}
}

// verify gives the claims of a token that is signed, for one of the door's
// audiences, and valid now but for the leeway; and when it expires.
func (t *Tokens) verify(door *rules, token string) (*claims, time.Time, error) {
	if err := checkForm(token); err != nil {
		return nil, time.Time{}, err
	}
	c := &claims{}
	if parsed, err := door.ParseWithClaims(token, c, t.key); err != nil {
		return nil, time.Time{}, door.refuse(err, parsed, c)
	}
	if err := protocol.CheckEmbedded("the claims", c.raw); err != nil {
		return nil, time.Time{}, badClaim("the claims", err)
	}
	exp, err := c.GetExpirationTime()
	if err != nil {
		return nil, time.Time{}, err
	}
	return c, exp.Time, nil
}

// checkForm lets through what a token can consist of. Go's base64 decoders skip
// line breaks, even strict ones: many strings would be the same token.
func checkForm(token string) error {
	if token == "" {
		return unauthorized("", "there is no token")
	}
	if len(token) > MaxTokenBytes {
		return unauthorized("", "the token has more than %d bytes", MaxTokenBytes)
	}
	for i := range len(token) {
		c := token[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_' && c != '.' {
			return unauthorized("", "the token is not a JWT")
		}
	}
	return nil
}

// key gives the keys that may have signed a token: for HS256 the secrets and
// nothing else, for the others keys of that algorithm's own kind. The parser has
// made sure that the algorithm is one of ours.
func (t *Tokens) key(token *jwt.Token) (any, error) {
	if _, critical := token.Header["crit"]; critical {
		return nil, errors.New("the header has extensions that must be understood") // RFC 7515, section 4.1.11
	}
	var set jwt.VerificationKeySet
	if token.Method.Alg() == algHS256 {
		for _, secret := range t.secrets {
			set.Keys = append(set.Keys, secret)
		}
	} else {
		for _, key := range t.keys.find(token) {
			set.Keys = append(set.Keys, key)
		}
	}
	return set, nil
}

// refuse says what is wrong with a token without repeating any of it.
func (r *rules) refuse(err error, token *jwt.Token, c *claims) error {
	var problem *protocol.Problem
	switch {
	case errors.Is(err, jwt.ErrTokenMalformed):
		return unauthorized("", "the token is not a JWT")
	case !r.takes(token):
		sent, _ := json.Marshal(token.Header["alg"]) // as it came from JSON
		return &WrongClaim{unauthorized("alg", "isn't taken here; %s is", cmp.Or(strings.Join(r.methods, " or "), "none")), string(sent)}
	case errors.Is(err, jwt.ErrTokenUnverifiable):
		return unauthorized("", "no key here can verify the token")
	case errors.Is(err, jwt.ErrTokenSignatureInvalid):
		return unauthorized("", "the token's signature is not valid here")
	case errors.As(err, &problem):
		return problem
	case errors.Is(err, jwt.ErrTokenRequiredClaimMissing):
		if _, ok := c.get("exp"); !ok {
			return unauthorized("exp", "is missing; every token must expire")
		}
		return unauthorized("aud", "is missing; it says what the token is for")
	case errors.Is(err, jwt.ErrTokenInvalidAudience):
		sent, _ := c.get("aud")
		return &WrongClaim{unauthorized("aud", "is for something else; %s is expected", strings.Join(r.audiences, " or ")), string(sent)}
	case errors.Is(err, jwt.ErrTokenExpired):
		return unauthorized("exp", "has passed")
	case errors.Is(err, jwt.ErrTokenNotValidYet):
		return unauthorized("nbf", "is in the future")
	case errors.Is(err, jwt.ErrTokenUsedBeforeIssued):
		return unauthorized("iat", "is in the future")
	default:
		return unauthorized("", "the token is not valid")
	}
}

// takes says whether the token says that it is signed by one of the methods.
func (r *rules) takes(token *jwt.Token) bool {
	alg, _ := token.Header["alg"].(string)
	return slices.Contains(r.methods, alg)
}
