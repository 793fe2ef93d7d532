package test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
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
