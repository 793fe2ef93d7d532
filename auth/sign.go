package auth

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"gatepost/protocol"
)

// CallBinding is the one call that an API token is good for; each field may be
// empty, and then isn't bound. See APIToken for their form.
type CallBinding struct {
	Method     string
	URI        string
	BodySHA256 string // BodyHash makes it
}

// ClientClaims is what a client token says of its holder; see ClientToken.
type ClientClaims struct {
	UID     string
	Groups  []string
	Session json.RawMessage
	Until   *int64
}

// SignAPI makes an API token that expires after ttl. scope is as ParseScopes
// reads it. The error is ErrNoSecret where no secret is configured.
func (t *Tokens) SignAPI(scope string, ttl time.Duration, bind CallBinding) (string, error) {
	if _, err := ParseScopes(scope); err != nil {
		return "", err
	}
	c := jwt.MapClaims{"aud": AudienceAPI, "scope": scope}
	for name, value := range map[string]string{"htm": bind.Method, "htu": bind.URI, "body_sha256": bind.BodySHA256} {
		if value != "" {
			c[name] = value
		}
	}
	return t.sign(c, ttl)
}

// SignClient makes a client token with which one can connect until ttl has
// passed. The error is ErrNoSecret where no secret is configured.
func (t *Tokens) SignClient(claims ClientClaims, ttl time.Duration) (string, error) {
	c := t.clients.signed()
	if claims.UID != "" {
		if err := protocol.CheckName("uid", claims.UID); err != nil {
			return "", err
		}
		c["sub"] = claims.UID
	}
	for _, group := range claims.Groups {
		if err := protocol.CheckName("group", group); err != nil {
			return "", err
		}
		c["groups"] = claims.Groups
	}
	if claims.Session != nil {
		session, err := protocol.ParseSession("session", claims.Session)
		if err != nil {
			return "", err
		}
		c["session"] = session
	}
	if claims.Until != nil {
		c["until"] = *claims.Until
	}
	return t.sign(c, ttl)
}

func (t *Tokens) sign(c jwt.MapClaims, ttl time.Duration) (string, error) {
	if len(t.secrets) == 0 {
		return "", ErrNoSecret
	}
	if ttl < time.Second {
		return "", errors.New("a token lives for a second or longer")
	}
	now := time.Now()
	c["iat"] = now.Unix()
	c["exp"] = now.Add(ttl).Unix()
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, c).SignedString(t.secrets[0])
	if err != nil {
		return "", fmt.Errorf("sign a token: %w", err)
	}
	if len(token) > MaxTokenBytes {
		return "", fmt.Errorf("the token would have %d bytes; %d are the most", len(token), MaxTokenBytes)
	}
	return token, nil
}
