package auth

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"gatepost/test/wait"
)

// Client tokens of identity providers: who made them, for whom, and what of them
// counts.
func TestForeignTokens(t *testing.T) {
	const issuer = "https://tenant.example/"
	own := Config{}
	app := Config{ClientAudiences: []string{"app", "https://api.example"}}
	both := Config{ClientAudiences: []string{"app", AudienceClient}, ClientIssuers: []string{issuer, "mine"}}
	anyone := Config{ClientAudiences: []string{NoAudience}, ClientIssuers: []string{issuer}}
	named := Config{ClientAudiences: []string{"app"}, ForeignClaims: []string{"groups", "until"}}
	for _, tt := range []struct {
		name   string
		config Config
		claims jwt.MapClaims
		bad    string // the claim at fault
		groups []string
	}{
		{"made for Gatepost", own, jwt.MapClaims{"aud": AudienceClient, "groups": []string{"a"}}, "", []string{"a"}},
		{"another's", own, jwt.MapClaims{"aud": "app"}, "aud", nil},
		{"any issuer", own, jwt.MapClaims{"aud": AudienceClient, "iss": "https://who.example"}, "", nil},

		{"one of two audiences", app, jwt.MapClaims{"aud": "https://api.example"}, "", nil},
		{"in an array", app, jwt.MapClaims{"aud": []string{"https://tenant.example/userinfo", "app"}}, "", nil},
		{"another audience", app, jwt.MapClaims{"aud": "app2"}, "aud", nil},
		{"audience in capitals", app, jwt.MapClaims{"aud": "App"}, "aud", nil},
		{"a part of an audience", app, jwt.MapClaims{"aud": "https://api.example/x"}, "aud", nil},
		{"no audience", app, jwt.MapClaims{"client_id": "app"}, "aud", nil},
		{"Gatepost's own, not listed", app, jwt.MapClaims{"aud": AudienceClient}, "aud", nil},
		{"the API's", app, jwt.MapClaims{"aud": AudienceAPI}, "aud", nil},
		{"foreign groups", app, jwt.MapClaims{"aud": "app", "groups": []string{"admins"}, "session": jwt.MapClaims{"a": 1}, "until": 4000000000}, "", nil},
		{"foreign claims of another shape", app, jwt.MapClaims{"aud": "app", "groups": "admins", "session": "s-1", "until": "never"}, "", nil},
		{"Gatepost's own beside, not listed", app, jwt.MapClaims{"aud": []string{"app", AudienceClient}, "groups": []string{"a"}}, "", nil},

		{"named groups", named, jwt.MapClaims{"aud": "app", "groups": []string{"a"}, "session": "s-1"}, "", []string{"a"}},
		{"named, of another shape", named, jwt.MapClaims{"aud": "app", "groups": "a"}, "groups", nil},

		{"issuer and audience", both, jwt.MapClaims{"aud": "app", "iss": issuer, "groups": []string{"a"}}, "", nil},
		{"the second issuer", both, jwt.MapClaims{"aud": AudienceClient, "iss": "mine", "groups": []string{"a"}}, "", []string{"a"}},
		{"no issuer", both, jwt.MapClaims{"aud": AudienceClient}, "iss", nil},
		{"no slash at its end", both, jwt.MapClaims{"aud": "app", "iss": strings.TrimSuffix(issuer, "/")}, "iss", nil},
		{"another tenant", both, jwt.MapClaims{"aud": "app", "iss": "https://evil.example/"}, "iss", nil},
		{"issuers in an array", both, jwt.MapClaims{"aud": "app", "iss": []string{issuer}}, "iss", nil},
		{"issuer, another audience", both, jwt.MapClaims{"aud": "x", "iss": issuer}, "aud", nil},

		{"no audience wanted, none there", anyone, jwt.MapClaims{"iss": issuer, "client_id": "7abc", "token_use": "access"}, "", nil},
		{"no audience wanted, one there", anyone, jwt.MapClaims{"iss": issuer, "aud": "whatever", "groups": []string{"a"}}, "", nil},
		{"no audience wanted, Gatepost's", anyone, jwt.MapClaims{"iss": issuer, "aud": AudienceClient, "groups": []string{"a"}}, "", nil},
		{"no audience wanted, the API's", anyone, jwt.MapClaims{"iss": issuer, "aud": []string{"x", AudienceAPI}}, "aud", nil},
		{"no audience wanted, of another shape", anyone, jwt.MapClaims{"iss": issuer, "aud": 7}, "aud", nil},
		{"no audience wanted, another issuer", anyone, jwt.MapClaims{"iss": "https://tenant.example", "aud": "x"}, "iss", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.config.Secrets = []string{testSecret}
			tt.claims["sub"], tt.claims["exp"] = "auth0|5f7c8ec7c33c6c004bbafe82", time.Now().Add(time.Hour).Unix()
			token := hs256(t, testSecret, tt.claims)
			got, err := newTokens(t, tt.config).VerifyClient(token)
			if tt.bad != "" {
				wantUnauthorized(t, tt.name, err, tt.bad, token)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got.UID != "auth0|5f7c8ec7c33c6c004bbafe82" || !slices.Equal(got.Groups, tt.groups) || got.Session != nil {
				t.Errorf("uid %q, groups %q, session %s; want the sub, %q, and none", got.UID, got.Groups, got.Session, tt.groups)
			}
			var shown jwt.MapClaims
			if json.Unmarshal(got.Claims, &shown) != nil || len(shown) != len(tt.claims) {
				t.Errorf("the connect event has %s, want all claims", got.Claims)
			}
		})
	}
}

// The log can say what a token has that is for somebody else, or signed in another way; the answer doesn't.
func TestWrongClaimHasWhatWasSent(t *testing.T) {
	tokens := newTokens(t, Config{Secrets: []string{testSecret}, ClientIssuers: []string{"https://a.example/"}})
	for name, want := range map[string]string{"aud": `"app"`, "iss": `"https://a.example"`} {
		claims := clientClaims(jwt.MapClaims{"iss": "https://a.example/"})
		if err := json.Unmarshal([]byte(`{"`+name+`":`+want+`}`), &claims); err != nil {
			t.Fatal(err)
		}
		_, err := tokens.VerifyClient(hs256(t, testSecret, claims))
		var wrong *WrongClaim
		if !errors.As(err, &wrong) || wrong.Sent != want || wrong.Field != name || strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %#v, want one that has %s and doesn't say it", name, err, want)
		}
	}
	_, err := tokens.VerifyClient(mint(t, jwt.SigningMethodHS384, []byte(testSecret), clientClaims(nil)))
	var wrong *WrongClaim
	if want := "alg: isn't taken here; HS256 is"; !errors.As(err, &wrong) || wrong.Sent != `"HS384"` || err.Error() != want {
		t.Errorf("got %#v, want %q and HS384", err, want)
	}
}

// A token that is signed here opens the door, whatever issuer is asked for.
func TestSignedHereHasTheIssuer(t *testing.T) {
	for _, c := range []Config{{}, {ClientIssuers: []string{"mine", "https://a.example"}}, {ClientAudiences: []string{NoAudience}, ClientIssuers: []string{"mine"}}} {
		c.Secrets = []string{testSecret}
		tokens := newTokens(t, c)
		token, err := tokens.SignClient(ClientClaims{UID: "42"}, time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tokens.VerifyClient(token); err != nil {
			t.Errorf("%v: %v", c.ClientIssuers, err)
		}
	}
}

func TestFaultsOfAudiences(t *testing.T) {
	for name, c := range map[string]Config{
		"the API's":        {ClientAudiences: []string{"app", AudienceAPI}},
		"none beside one":  {ClientAudiences: []string{NoAudience, "app"}, ClientIssuers: []string{"i"}},
		"none, no issuer":  {ClientAudiences: []string{NoAudience}},
		"not one's claims": {ForeignClaims: []string{"sub"}},
	} {
		c.Secrets = []string{testSecret}
		if _, err := NewTokens(t.Context(), c, quiet); err == nil {
			t.Errorf("%s: is taken", name)
		}
	}
}

// A provider's key set has keys for other purposes and of other kinds, too.
func TestAKeySetOfAProvider(t *testing.T) {
	k := testKeys()
	server := newKeyServer(t,
		jwk(t, &k.otherRSA.PublicKey, "enc", "use", "enc", "alg", "RSA-OAEP"),
		map[string]string{"kty": "AKP", "kid": "pq", "alg": "ML-DSA-65", "pub": "AAAA"},
		map[string]string{"kty": "OKP", "crv": "X448", "kid": "x", "use": "enc", "x": "AAAA"},
		map[string]string{"kty": "EC", "crv": "secp256k1", "kid": "k", "alg": "ES256K", "x": "AAAA", "y": "AAAA"},
		jwk(t, &k.rsa.PublicKey, "sig", "use", "sig", "alg", "RS256", "issuer", "https://tenant.example/", "x5t", "AAAA"))
	tokens := newTokens(t, Config{JWKSURL: server.URL, ClientAudiences: []string{"app"}, ClientIssuers: []string{"https://tenant.example/"}})
	token := jwt.NewWithClaims(jwt.SigningMethodRS256, clientClaims(jwt.MapClaims{"aud": "app", "iss": "https://tenant.example/", "nbf": time.Now().Unix()}))
	token.Header["kid"], token.Header["x5t"] = "sig", "AAAA"
	signed, err := token.SignedString(k.rsa)
	if err != nil {
		t.Fatal(err)
	}
	wait.For(t, "the token is good", func() bool { _, err := tokens.VerifyClient(signed); return err == nil })
}
