package test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/golang-jwt/jwt/v5"

	"gatepost/test/harness"
)

// Client tokens may be signed by keys that a URL publishes, and API tokens too
// where the operator says so; GATEPOST_SECRET isn't needed then.
func TestKeysFromAURL(t *testing.T) {
	t.Parallel()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	point, err := key.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	keys := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintf(w, `{"keys":[{"kty":"EC","crv":"P-256","alg":"ES256","use":"sig","kid":"one","x":%q,"y":%q}]}`, encode(point[1:33]), encode(point[33:]))
	}))
	defer keys.Close()
	sign := func(claims harness.Claims) string {
		token := jwt.NewWithClaims(jwt.SigningMethodES256, claims)
		token.Header["kid"] = "one"
		signed, err := token.SignedString(key)
		if err != nil {
			t.Fatal(err)
		}
		return signed
	}
	node := harness.Start(t, harness.Env{"GATEPOST_SECRET": "", "GATEPOST_JWKS_URL": keys.URL, "GATEPOST_JWKS_API": "true", "GATEPOST_ANONYMOUS": "false"})
	c := node.Connect(t, harness.Dial{Path: "/ws?token=" + sign(harness.Claims{"aud": "gatepost:client", "exp": harness.InAMinute(), "sub": "tom"})})
	api := node.APIWith(t, sign(harness.Claims{"aud": "gatepost:api", "exp": harness.InAMinute(), "scope": "push:uid:tom"}))
	api.Want(200, `{"matched":1,"queued":1,"dropped":0}`, "POST", "/push/uids/tom", "hello")
	c.WantText(t, "hello")
	_, err = node.TryConnect(t, harness.Dial{Path: "/ws?token=" + harness.ClientToken(t, "tom", nil)})
	wantRefused(t, err, 401, "")
}

// Tokens of an identity provider open the door: by its name for the application, or by
// its own name alone. What else they say counts for nothing unless it is named.
func TestTokensOfAnIdentityProvider(t *testing.T) {
	t.Parallel()
	const issuer = "https://cognito-idp.eu-central-1.amazonaws.com/pool"
	for name, tt := range map[string]struct {
		env    harness.Env
		good   harness.Claims
		groups []string
		bad    []harness.Claims
	}{
		"by audience": {
			env:  harness.Env{"GATEPOST_CLIENT_AUDIENCE": "my-app,api://1234", "GATEPOST_CLIENT_ISSUER": issuer},
			good: harness.Claims{"aud": []string{"other", "api://1234"}, "iss": issuer},
			bad:  []harness.Claims{{"aud": "gatepost:client", "iss": issuer}, {"aud": "my-app"}, {"aud": "my-app", "iss": issuer + "/"}, {"iss": issuer}},
		},
		"by issuer alone": {
			env:  harness.Env{"GATEPOST_CLIENT_AUDIENCE": "none", "GATEPOST_CLIENT_ISSUER": issuer},
			good: harness.Claims{"iss": issuer, "client_id": "7abc"},
			bad:  []harness.Claims{{"client_id": "7abc"}, {"iss": "https://cognito-idp.eu-central-1.amazonaws.com/other"}, {"iss": issuer, "aud": "gatepost:api"}},
		},
		"with groups": {
			env:    harness.Env{"GATEPOST_CLIENT_AUDIENCE": "my-app", "GATEPOST_CLIENT_CLAIMS": "groups"},
			good:   harness.Claims{"aud": "my-app"},
			groups: []string{"admins"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			backend := harness.NewBackend(t, nil)
			node := harness.Start(t, backend.Env(tt.env))
			token := func(claims harness.Claims) harness.Dial {
				claims["exp"], claims["sub"], claims["groups"] = harness.InAMinute(), "auth0|5f7c", []string{"admins"}
				return harness.Dial{Path: "/ws?token=" + harness.Sign(t, claims)}
			}
			data := backend.AwaitOne(t, "connect", node.Connect(t, token(tt.good)).ID).Data
			if data.UID == nil || *data.UID != "auth0|5f7c" || !slices.Equal(data.Groups, tt.groups) {
				t.Errorf("uid %v, groups %q, want the sub and %q", data.UID, data.Groups, tt.groups)
			}
			for _, claims := range tt.bad {
				_, err := node.TryConnect(t, token(claims))
				wantRefused(t, err, 401, "")
			}
			if len(tt.bad) > 0 && !node.Log.Has("refused a handshake", "GATEPOST_CLIENT_ISSUER") {
				t.Errorf("no line of the log names the setting:\n%s", node.Log)
			}
		})
	}
}
