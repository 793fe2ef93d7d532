package auth

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

func TestVerifyClientReadsItsClaims(t *testing.T) {
	tokens := newTokens(t, Config{Secrets: []string{testSecret}})
	until := int64(1800000000)
	for name, tt := range map[string]struct {
		payload string // without aud and exp
		want    ClientToken
	}{
		"nobody":          {`"x":1`, ClientToken{}},
		"empty sub":       {`"sub":""`, ClientToken{}},
		"null everywhere": {`"sub":null,"groups":null,"session":null,"until":null`, ClientToken{}},
		"integer sub":     {`"sub":42`, ClientToken{UID: "42"}},
		"long sub":        {`"sub":123456789012345678901234567890`, ClientToken{UID: "123456789012345678901234567890"}},
		"everything": {`"sub":"x *","groups":["room/1",7],"session":{"n": 1.0,"big":12345678901234567890},"until":1800000000`,
			ClientToken{UID: "x *", Groups: []string{"room/1", "7"}, Session: []byte(`{"n":1.0,"big":12345678901234567890}`), Until: &until}},
		"PHP's empty object": {`"session":[],"groups":[]`, ClientToken{Session: []byte(`{}`), Groups: []string{}}},
		"PHP's lists with holes": {`"groups":{"0":"a","2":"c"},"session":{"l":{"0":1,"2":3}}`,
			ClientToken{Session: []byte(`{"l":{"0":1,"2":3}}`), Groups: []string{"a", "c"}}},
		"other spelling": {`"Sub":"42","GROUPS":["a"]`, ClientToken{}},
	} {
		payload := `{"aud":"gatepost:client","exp":4000000000,` + tt.payload + `}`
		got, err := tokens.VerifyClient(hs256Raw(t, `{"alg":"HS256"}`, payload))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		tt.want.Claims = json.RawMessage(payload)
		tt.want.ExpiresAt = time.Unix(4000000000, 0)
		if !reflect.DeepEqual(*got, tt.want) {
			t.Errorf("%s:\n got %+v\nwant %+v", name, *got, tt.want)
		}
	}
}

func TestVerifyClientNamesTheClaimAtFault(t *testing.T) {
	tokens := newTokens(t, Config{Secrets: []string{testSecret}})
	groups := make([]string, 257)
	for i := range groups {
		groups[i] = "g"
	}
	for name, tt := range map[string]struct {
		claims jwt.MapClaims
		claim  string
	}{
		"sub a control":       {jwt.MapClaims{"sub": "a\nb"}, "sub"},
		"sub too long":        {jwt.MapClaims{"sub": strings.Repeat("x", 257)}, "sub"},
		"sub a fraction":      {jwt.MapClaims{"sub": 1.5}, "sub"},
		"sub an object":       {jwt.MapClaims{"sub": map[string]int{}}, "sub"},
		"groups a string":     {jwt.MapClaims{"groups": "a"}, "groups"},
		"groups by name":      {jwt.MapClaims{"groups": map[string]string{"a": "a"}}, "groups"},
		"groups too many":     {jwt.MapClaims{"groups": groups}, "groups"},
		"groups hold nothing": {jwt.MapClaims{"groups": []string{"a", ""}}, "groups[1]"},
		"session a list":      {jwt.MapClaims{"session": []int{1}}, "session"},
		"session a string":    {jwt.MapClaims{"session": "{}"}, "session"},
		"until a string":      {jwt.MapClaims{"until": "1800000000"}, "until"},
		"until a fraction":    {jwt.MapClaims{"until": 1800000000.5}, "until"},
	} {
		token := hs256(t, testSecret, clientClaims(tt.claims))
		_, err := tokens.VerifyClient(token)
		wantUnauthorized(t, name, err, tt.claim, token)
	}
}

// An API token has a minute's grace, a client token none.
func TestLeewayOfExp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tokens := newTokens(t, Config{Secrets: []string{testSecret}})
		client := hs256(t, testSecret, clientClaims(nil))
		api := hs256(t, testSecret, apiClaims(nil))
		check := func(wantClient, wantAPI bool) {
			t.Helper()
			if _, err := tokens.VerifyClient(client); (err == nil) != wantClient {
				t.Errorf("at %v: client token: %v", time.Now(), err)
			}
			if _, err := tokens.VerifyAPI(api); (err == nil) != wantAPI {
				t.Errorf("at %v: API token: %v", time.Now(), err)
			}
		}
		time.Sleep(time.Hour - time.Second)
		check(true, true)
		time.Sleep(time.Second)
		check(false, true)
		time.Sleep(59 * time.Second)
		check(false, true)
		time.Sleep(time.Second)
		check(false, false)
	})
}
