package test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"gatepost/test/harness"
	"gatepost/test/wait"
)

// keyPair is an RSA key and the PEM of its public half.
func keyPair(t *testing.T) (*rsa.PrivateKey, []byte) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return key, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

// A token that isn't what it should be opens neither the socket nor the API.
func TestBadTokens(t *testing.T) {
	t.Parallel()
	key, public := keyPair(t)
	file := filepath.Join(t.TempDir(), "public.pem")
	if err := os.WriteFile(file, public, 0o600); err != nil {
		t.Fatal(err)
	}
	node := harness.Start(t, harness.Env{"GATEPOST_PUBLIC_KEY_FILE": file})
	sign := func(method jwt.SigningMethod, key any, claims harness.Claims) string {
		token, err := jwt.NewWithClaims(method, claims).SignedString(key)
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	client := harness.Claims{"aud": "gatepost:client", "exp": harness.InAMinute(), "sub": "tom"}
	api := harness.Claims{"aud": "gatepost:api", "exp": harness.InAMinute(), "scope": "*"}
	without := func(claims harness.Claims, name string, value any) harness.Claims {
		copied := harness.Claims{}
		for n, v := range claims {
			copied[n] = v
		}
		if copied[name] = value; value == nil {
			delete(copied, name)
		}
		return copied
	}
	expired := time.Now().Add(-2 * time.Minute).Unix()
	for name, forge := range map[string]func(claims harness.Claims) string{
		"alg none":               func(c harness.Claims) string { return sign(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, c) },
		"the public key as HMAC": func(c harness.Claims) string { return sign(jwt.SigningMethodHS256, public, c) },
		"an empty HMAC key":      func(c harness.Claims) string { return sign(jwt.SigningMethodHS256, []byte{}, c) },
		"HS512 of the secret":    func(c harness.Claims) string { return sign(jwt.SigningMethodHS512, []byte(harness.Secret), c) },
		"another secret":         func(c harness.Claims) string { return sign(jwt.SigningMethodHS256, []byte(strings.Repeat("x", 32)), c) },
		"no exp":                 func(c harness.Claims) string { return harness.Sign(t, without(c, "exp", nil)) },
		"expired":                func(c harness.Claims) string { return harness.Sign(t, without(c, "exp", expired)) },
		"no aud":                 func(c harness.Claims) string { return harness.Sign(t, without(c, "aud", nil)) },
		"another aud":            func(c harness.Claims) string { return harness.Sign(t, without(c, "aud", "gatepost")) },
		"not valid yet":          func(c harness.Claims) string { return harness.Sign(t, without(c, "nbf", harness.InAMinute()+60)) },
		"a word":                 func(harness.Claims) string { return "token" },
		"dots":                   func(harness.Claims) string { return ".." },
		"20 KiB":                 func(harness.Claims) string { return strings.Repeat("x", 20<<10) },
	} {
		for _, d := range []harness.Dial{
			{Path: "/ws?token=" + forge(client)},
			{Header: http.Header{"Authorization": {"Bearer " + forge(client)}}},
			{Subprotocols: []string{"bearer", forge(client)}},
		} {
			_, err := node.TryConnect(t, d)
			if name == "20 KiB" {
				if err == nil {
					t.Errorf("%s: the client was let in", name)
				}
				continue
			}
			wantRefused(t, err, 401, "")
		}
		if name != "20 KiB" {
			node.APIWith(t, forge(api)).WantProblem(401, "unauthorized", "GET", "/stats", "")
		}
	}
	_, err := node.TryConnect(t, harness.Dial{Path: "/ws?token=" + harness.Sign(t, api)})
	wantRefused(t, err, 401, "")
	node.APIWith(t, harness.Sign(t, without(client, "scope", "*"))).WantProblem(401, "unauthorized", "GET", "/stats", "")
	node.APIWith(t, "").WantProblem(401, "unauthorized", "GET", "/stats", "")
	// Asymmetric keys sign client tokens only, unless the operator says otherwise.
	node.APIWith(t, sign(jwt.SigningMethodRS256, key, api)).WantProblem(401, "unauthorized", "GET", "/stats", "")

	c := node.Connect(t, harness.Dial{Path: "/ws?token=" + sign(jwt.SigningMethodRS256, key, client)})
	c.Leave(t, 1000, "")
	byProtocol := node.Connect(t, harness.Dial{Subprotocols: []string{"bearer", harness.Sign(t, client)}})
	if got := byProtocol.Conn.Subprotocol(); got != "bearer" {
		t.Errorf("the subprotocol selected is %q", got)
	}
	node.Healthy(t, harness.Dial{})
}

// A token bound to one call makes no other.
func TestTokensBoundToACall(t *testing.T) {
	t.Parallel()
	node := harness.Start(t, nil)
	const body = `{"all":true,"text":"hello"}`
	sum := sha256.Sum256([]byte(body))
	hash := hex.EncodeToString(sum[:])
	for _, c := range []struct {
		name   string
		bound  harness.Claims
		status int
	}{
		{"this call", harness.Claims{"htm": "POST", "htu": "/push", "body_sha256": hash}, 200},
		{"this path", harness.Claims{"htu": "/push"}, 200},
		{"another path", harness.Claims{"htu": "/push/all"}, 401},
		{"this path with a query", harness.Claims{"htu": "/push?a=1"}, 401},
		{"another method", harness.Claims{"htm": "GET"}, 401},
		{"another body", harness.Claims{"body_sha256": strings.Repeat("0", 64)}, 401},
		{"no hash at all", harness.Claims{"body_sha256": "zz"}, 401},
		{"a claim of another type", harness.Claims{"htu": 7}, 401},
	} {
		claims := harness.Claims{"aud": "gatepost:api", "exp": harness.InAMinute(), "scope": "push"}
		for name, value := range c.bound {
			claims[name] = value
		}
		r := node.APIWith(t, harness.Sign(t, claims)).Do("POST", "/push", body)
		if r.Status != c.status {
			t.Errorf("bound to %s: %d %s, want %d", c.name, r.Status, r.Body, c.status)
		}
	}
}

// A node that could not tell friend from foe doesn't start, says which setting is
// at fault, and doesn't print it.
func TestBadSecretsAtStart(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		env  harness.Env
		says []string
		not  string
	}{
		"no secret":            {harness.Env{"GATEPOST_SECRET": ""}, []string{"GATEPOST_SECRET"}, ""},
		"a short secret":       {harness.Env{"GATEPOST_SECRET": "thirty-one-characters-are-short"}, []string{"GATEPOST_SECRET", "32"}, "thirty-one"},
		"one of two too short": {harness.Env{"GATEPOST_SECRET": harness.Secret + ",short-one"}, []string{"GATEPOST_SECRET"}, "short-one"},
		"no webhook secret":    {harness.Env{"GATEPOST_WEBHOOK_URL": "http://127.0.0.1:1/"}, []string{"GATEPOST_WEBHOOK_SECRET"}, ""},
		"a bad webhook secret": {harness.Env{"GATEPOST_WEBHOOK_URL": "http://127.0.0.1:1/", "GATEPOST_WEBHOOK_SECRET": "whsec_dG9vLXNob3J0"}, []string{"GATEPOST_WEBHOOK_SECRET"}, "dG9vLXNob3J0"},
		"an unknown setting":   {harness.Env{"GATEPOST_SECRETS": "x"}, []string{"GATEPOST_SECRETS"}, ""},
		"all faults at once": {harness.Env{"GATEPOST_SECRET": "short", "GATEPOST_MAX_PUSH": "1MiB", "GATEPOST_PING_INTERVAL": "soon"},
			[]string{"GATEPOST_SECRET", "GATEPOST_MAX_PUSH", "GATEPOST_PING_INTERVAL"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			node := harness.Launch(t, c.env)
			if status := node.Exit(wait.Patience); status != 1 {
				t.Errorf("the exit status is %d, want 1", status)
			}
			for _, word := range c.says {
				if !strings.Contains(node.Log.String(), word) {
					t.Errorf("it doesn't name %s: %s", word, node.Log)
				}
			}
			if c.not != "" && strings.Contains(node.Log.String(), c.not) {
				t.Errorf("it prints the secret: %s", node.Log)
			}
		})
	}
}
