package harness

import (
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Claims are a token's claims.
type Claims = jwt.MapClaims

// APIToken is a token for the HTTP API with this scope, signed with Secret.
func APIToken(t testing.TB, scope string) string {
	t.Helper()
	return Sign(t, Claims{"aud": "gatepost:api", "exp": InAMinute(), "scope": scope})
}

// ClientToken is a token for the handshake; more adds and replaces claims, and
// leaves out those that it gives as nil.
func ClientToken(t testing.TB, uid string, more Claims) string {
	t.Helper()
	claims := Claims{"aud": "gatepost:client", "exp": InAMinute(), "sub": uid}
	for name, value := range more {
		if claims[name] = value; value == nil {
			delete(claims, name)
		}
	}
	return Sign(t, claims)
}

// Sign signs claims by HS256 with Secret.
func Sign(t testing.TB, claims Claims) string {
	t.Helper()
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte(Secret))
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// InAMinute is a unix time, for exp.
func InAMinute() int64 { return time.Now().Add(time.Minute).Unix() }
