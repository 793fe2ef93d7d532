package auth

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"gatepost/protocol"
)

const (
	testSecret  = "0123456789abcdef0123456789abcdef"
	otherSecret = "fedcba9876543210fedcba9876543210"
)

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

func newTokens(t *testing.T, c Config) *Tokens {
	t.Helper()
	tokens, err := NewTokens(t.Context(), c, quiet)
	if err != nil {
		t.Fatal(err)
	}
	return tokens
}

// apiClaims are those of a good API token, changed by change; a nil value takes a
// claim out.
func apiClaims(change jwt.MapClaims) jwt.MapClaims {
	return changed(jwt.MapClaims{"aud": AudienceAPI, "exp": time.Now().Add(time.Hour).Unix(), "scope": "push"}, change)
}

// clientClaims are those of a good client token, changed likewise.
func clientClaims(change jwt.MapClaims) jwt.MapClaims {
	return changed(jwt.MapClaims{"aud": AudienceClient, "exp": time.Now().Add(time.Hour).Unix(), "sub": "42"}, change)
}

func changed(c, change jwt.MapClaims) jwt.MapClaims {
	for name, value := range change {
		if value == nil {
			delete(c, name)
		} else {
			c[name] = value
		}
	}
	return c
}

func mint(t *testing.T, method jwt.SigningMethod, key any, c jwt.MapClaims) string {
	t.Helper()
	token, err := jwt.NewWithClaims(method, c).SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func hs256(t *testing.T, secret string, c jwt.MapClaims) string {
	t.Helper()
	return mint(t, jwt.SigningMethodHS256, []byte(secret), c)
}

// hs256Raw signs a header and a payload as they are.
func hs256Raw(t *testing.T, header, payload string) string {
	t.Helper()
	signed := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString([]byte(payload))
	sig, err := jwt.SigningMethodHS256.Sign(signed, []byte(testSecret))
	if err != nil {
		t.Fatal(err)
	}
	return signed + "." + base64.RawURLEncoding.EncodeToString(sig)
}

// wantUnauthorized checks that err is a 401 that names the claim and holds
// nothing of the token.
func wantUnauthorized(t *testing.T, what string, err error, claim, token string) {
	t.Helper()
	var p *protocol.Problem
	if !errors.As(err, &p) {
		t.Errorf("%s: got error %v, want a 401", what, err)
		return
	}
	if p.Status != 401 || p.Code != protocol.CodeUnauthorized || p.Field != claim {
		t.Errorf("%s: got %d %s in %q (%s), want 401 in %q", what, p.Status, p.Code, p.Field, p.Detail, claim)
	}
	for part := range strings.SplitSeq(token, ".") {
		if len(part) > 8 && strings.Contains(p.Error(), part) {
			t.Errorf("%s: the error repeats a part of the token: %s", what, p)
		}
	}
}

func TestBothAudiencesRefuseWhatIsNotSignedOrNotValidNow(t *testing.T) {
	tokens := newTokens(t, Config{Secrets: []string{testSecret, otherSecret}})
	now := time.Now()
	at := func(d time.Duration) int64 { return now.Add(d).Unix() }
	doors := map[string]struct {
		claims func(jwt.MapClaims) jwt.MapClaims
		verify func(string) error
		other  string
	}{
		"api":    {apiClaims, func(s string) error { _, err := tokens.VerifyAPI(s); return err }, AudienceClient},
		"client": {clientClaims, func(s string) error { _, err := tokens.VerifyClient(s); return err }, AudienceAPI},
	}
	for door, d := range doors {
		sign := func(change jwt.MapClaims) string { return hs256(t, testSecret, d.claims(change)) }
		good := sign(nil)
		payload, err := json.Marshal(d.claims(nil))
		if err != nil {
			t.Fatal(err)
		}
		parts := strings.Split(good, ".")
		for name, token := range map[string]string{
			"good":                  good,
			"second secret":         hs256(t, otherSecret, d.claims(nil)),
			"aud in an array":       sign(jwt.MapClaims{"aud": []string{"x", d.claims(nil)["aud"].(string)}}),
			"nbf and iat passed":    sign(jwt.MapClaims{"nbf": at(-time.Minute), "iat": at(-time.Minute)}),
			"nbf and iat in leeway": sign(jwt.MapClaims{"nbf": at(30 * time.Second), "iat": at(30 * time.Second)}),
			"exp with a fraction":   sign(jwt.MapClaims{"exp": json.Number("4000000000.5")}),
			"own header fields":     hs256Raw(t, `{"alg":"HS256","kid":"k1","typ":"at+jwt"}`, string(payload)),
		} {
			if err := d.verify(token); err != nil {
				t.Errorf("%s: %s: refused: %v", door, name, err)
			}
		}
		for name, tt := range map[string]struct{ token, claim string }{
			"empty":               {"", ""},
			"no JWT":              {"hello", ""},
			"two parts":           {parts[0] + "." + parts[1], ""},
			"four parts":          {good + ".x", ""},
			"too long":            {good + strings.Repeat("A", MaxTokenBytes), ""},
			"line break within":   {good[:len(good)-5] + "\n" + good[len(good)-5:], ""},
			"padding":             {good + "=", ""},
			"no signature":        {parts[0] + "." + parts[1] + ".", ""},
			"cut signature":       {good[:len(good)-4], ""},
			"loose last bits":     {good[:len(good)-1] + nextBase64(good[len(good)-1]), ""},
			"alg none":            {mint(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, d.claims(nil)), "alg"},
			"alg None":            {hs256Raw(t, `{"alg":"None"}`, string(payload)), "alg"},
			"alg missing":         {hs256Raw(t, `{"typ":"JWT"}`, string(payload)), "alg"},
			"alg a number":        {hs256Raw(t, `{"alg":1}`, string(payload)), "alg"},
			"header null":         {hs256Raw(t, `null`, string(payload)), "alg"},
			"HS512":               {mint(t, jwt.SigningMethodHS512, []byte(testSecret), d.claims(nil)), "alg"},
			"critical extension":  {hs256Raw(t, `{"alg":"HS256","crit":["b64"],"b64":false}`, string(payload)), ""},
			"foreign secret":      {hs256(t, strings.Repeat("x", 32), d.claims(nil)), ""},
			"empty secret":        {hs256(t, "", d.claims(nil)), ""},
			"claims null":         {hs256Raw(t, `{"alg":"HS256"}`, `null`), "exp"},
			"claims a list":       {hs256Raw(t, `{"alg":"HS256"}`, `[]`), ""},
			"claims with garbage": {hs256Raw(t, `{"alg":"HS256"}`, string(payload)+"x"), ""},
			"claims not UTF-8":    {hs256Raw(t, `{"alg":"HS256"}`, strings.Replace(string(payload), "{", "{\"x\":\"\xff\",", 1)), ""},
			"claims too deep":     {hs256Raw(t, `{"alg":"HS256"}`, strings.Repeat("[", 2000)+strings.Repeat("]", 2000)), ""},
			"claims deep":         {hs256Raw(t, `{"alg":"HS256"}`, strings.Replace(string(payload), "{", `{"x":`+strings.Repeat("[", 505)+strings.Repeat("]", 505)+",", 1)), "the claims"},
			"half a surrogate":    {hs256Raw(t, `{"alg":"HS256"}`, strings.Replace(string(payload), "{", `{"x":"\ud800",`, 1)), "the claims"},

			"other audience":       {sign(jwt.MapClaims{"aud": d.other}), "aud"},
			"audience prefix":      {sign(jwt.MapClaims{"aud": "gatepost"}), "aud"},
			"audience missing":     {sign(jwt.MapClaims{"aud": nil}), "aud"},
			"audience empty":       {sign(jwt.MapClaims{"aud": ""}), "aud"},
			"audience none":        {sign(jwt.MapClaims{"aud": []string{}}), "aud"},
			"audience of numbers":  {sign(jwt.MapClaims{"aud": []int{1}}), "aud"},
			"audience in capitals": {sign(jwt.MapClaims{"aud": strings.ToUpper(d.claims(nil)["aud"].(string))}), "aud"},
			"claim in capitals":    {sign(jwt.MapClaims{"exp": nil, "EXP": at(time.Hour)}), "exp"},
			"exp missing":          {sign(jwt.MapClaims{"exp": nil}), "exp"},
			"exp null":             {hs256Raw(t, `{"alg":"HS256"}`, `{"aud":"`+d.claims(nil)["aud"].(string)+`","exp":null}`), "exp"},
			"exp a string":         {sign(jwt.MapClaims{"exp": "4000000000"}), "exp"},
			"exp in milliseconds":  {sign(jwt.MapClaims{"exp": at(time.Hour) * 1000}), "exp"},
			"exp beyond numbers":   {sign(jwt.MapClaims{"exp": json.Number("1e999")}), "exp"},
			"exp below":            {sign(jwt.MapClaims{"exp": -1}), "exp"},
			"expired":              {sign(jwt.MapClaims{"exp": at(-2 * time.Minute)}), "exp"},
			"not yet":              {sign(jwt.MapClaims{"nbf": at(2 * time.Minute)}), "nbf"},
			"nbf a string":         {sign(jwt.MapClaims{"nbf": "now"}), "nbf"},
			"issued in the future": {sign(jwt.MapClaims{"iat": at(2 * time.Minute)}), "iat"},
		} {
			wantUnauthorized(t, door+": "+name, d.verify(tt.token), tt.claim, tt.token)
		}
		want := "aud: is for something else; " + d.claims(nil)["aud"].(string) + " is expected"
		if err := d.verify(sign(jwt.MapClaims{"aud": d.other})); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", door, err, want)
		}
	}
}

// nextBase64 gives a character that decodes to the same bytes at the end of a
// 32-byte signature, but for bits that don't count.
func nextBase64(c byte) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return string(alphabet[strings.IndexByte(alphabet, c)+1])
}

func TestNewTokensNamesEveryFaultAndNoSecret(t *testing.T) {
	for name, tt := range map[string]struct {
		config Config
		want   []string
	}{
		"nothing":      {Config{}, []string{ErrNoSecret.Error()}},
		"short":        {Config{Secrets: []string{"hunter2hunter2hunter2hunter2xyz"}}, []string{"secret 1 of 1 has 31 bytes"}},
		"empty":        {Config{Secrets: []string{testSecret, ""}}, []string{"secret 2 of 2 has 0 bytes"}},
		"all at once":  {Config{Secrets: []string{"hunter2"}, JWKSURL: "ftp://user:hunter2@h/x"}, []string{"secret 1 of 1", "JWKS URL"}},
		"missing file": {Config{PublicKeyFile: t.TempDir() + "/none.pem"}, []string{"public key file", "none.pem"}},
		"bad URL":      {Config{JWKSURL: "://hunter2"}, []string{"JWKS URL"}},
		"no host":      {Config{JWKSURL: "https:///hunter2"}, []string{"JWKS URL"}},
	} {
		_, err := NewTokens(t.Context(), tt.config, quiet)
		if err == nil {
			t.Errorf("%s: taken", name)
			continue
		}
		for _, want := range tt.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: got %q, want it to say %q", name, err, want)
			}
		}
		if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: the error holds a secret: %s", name, err)
		}
	}
	if _, err := NewTokens(t.Context(), Config{}, quiet); !errors.Is(err, ErrNoSecret) {
		t.Errorf("nothing configured: got %v, want ErrNoSecret", err)
	}
}
