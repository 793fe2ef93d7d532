package auth

import (
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"
)

func TestABoundTokenFitsOneCall(t *testing.T) {
	tokens := newTokens(t, Config{Secrets: []string{testSecret}})
	body := []byte(`{"a":1}`)
	sign := func(change jwt.MapClaims) *APIToken {
		t.Helper()
		token, err := tokens.VerifyAPI(hs256(t, testSecret, apiClaims(change)))
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	bound := sign(jwt.MapClaims{"htm": "POST", "htu": "/push/uids/a%20b?except_client=c1", "body_sha256": BodyHash(body)})
	capitals := sign(jwt.MapClaims{"body_sha256": strings.ToUpper(BodyHash(body))})
	method := sign(jwt.MapClaims{"htm": "GET"})
	free := sign(nil)
	for name, tt := range map[string]struct {
		token       *APIToken
		method, uri string
		claim       string
	}{
		"fits":            {bound, "POST", "/push/uids/a%20b?except_client=c1", ""},
		"method":          {bound, "PUT", "/push/uids/a%20b?except_client=c1", "htm"},
		"method's case":   {bound, "post", "/push/uids/a%20b?except_client=c1", "htm"},
		"path":            {bound, "POST", "/push/uids/b?except_client=c1", "htu"},
		"other escapes":   {bound, "POST", "/push/uids/a+b?except_client=c1", "htu"},
		"query":           {bound, "POST", "/push/uids/a%20b?except_client=c2", "htu"},
		"no query":        {bound, "POST", "/push/uids/a%20b", "htu"},
		"more query":      {bound, "POST", "/push/uids/a%20b?except_client=c1&x", "htu"},
		"absolute":        {bound, "POST", "http://h/push/uids/a%20b?except_client=c1", "htu"},
		"method alone":    {method, "GET", "/clients", ""},
		"method alone no": {method, "POST", "/clients", "htm"},
		"free":            {free, "DELETE", "/groups/a", ""},
		"free of its URI": {capitals, "DELETE", "/groups/a", ""},
	} {
		err := tt.token.CheckCall(tt.method, tt.uri)
		if tt.claim == "" && err != nil {
			t.Errorf("%s: refused: %v", name, err)
		} else if tt.claim != "" {
			wantUnauthorized(t, name, err, tt.claim, "")
		}
	}
	for name, tt := range map[string]struct {
		token *APIToken
		body  string
		fits  bool
	}{
		"fits":        {bound, `{"a":1}`, true},
		"capitals":    {capitals, `{"a":1}`, true},
		"other":       {bound, `{"a":2}`, false},
		"white space": {bound, `{"a":1} `, false},
		"none":        {bound, ``, false},
		"free":        {free, `x`, true},
		"free, none":  {free, ``, true},
	} {
		err := tt.token.CheckBody([]byte(tt.body))
		if tt.fits && err != nil {
			t.Errorf("%s: refused: %v", name, err)
		} else if !tt.fits {
			wantUnauthorized(t, name, err, "body_sha256", "")
		}
	}
	if err := sign(jwt.MapClaims{"body_sha256": BodyHash(nil)}).CheckBody(nil); err != nil {
		t.Errorf("a token bound to the empty body: %v", err)
	}
}

// A token that was meant to be bound, and by a mistake isn't, is not free.
func TestABindingThatSaysNothingIsRefused(t *testing.T) {
	tokens := newTokens(t, Config{Secrets: []string{testSecret}})
	for _, claim := range []string{"htm", "htu", "body_sha256"} {
		for _, value := range []string{`""`, `null`, `1`, `[]`, `["POST"]`} {
			token := hs256Raw(t, `{"alg":"HS256"}`, `{"aud":"gatepost:api","exp":4000000000,"scope":"*","`+claim+`":`+value+`}`)
			_, err := tokens.VerifyAPI(token)
			wantUnauthorized(t, claim+" "+value, err, claim, token)
		}
	}
	for _, value := range []string{"x", "POST", strings.Repeat("g", 64), strings.Repeat("a", 62), strings.Repeat("a", 66)} {
		token := hs256(t, testSecret, apiClaims(jwt.MapClaims{"body_sha256": value}))
		_, err := tokens.VerifyAPI(token)
		wantUnauthorized(t, "body_sha256 "+value, err, "body_sha256", token)
	}
}

func TestScopeClaim(t *testing.T) {
	tokens := newTokens(t, Config{Secrets: []string{testSecret}})
	for _, scope := range []any{nil, ""} {
		token, err := tokens.VerifyAPI(hs256(t, testSecret, apiClaims(jwt.MapClaims{"scope": scope})))
		if err != nil || token.Scopes.Allows(VerbRead, KindAll, "") {
			t.Errorf("scope %v: got %+v, %v; want a token that allows nothing", scope, token, err)
		}
	}
	for _, scope := range []any{"push pull", "push:uid:%", []string{"push"}, 1} {
		token := hs256(t, testSecret, apiClaims(jwt.MapClaims{"scope": scope}))
		_, err := tokens.VerifyAPI(token)
		wantUnauthorized(t, "scope", err, "scope", token)
	}
}
