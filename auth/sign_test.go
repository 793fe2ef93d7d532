package auth

import (
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestSignedTokensAreVerified(t *testing.T) {
	tokens := newTokens(t, Config{Secrets: []string{testSecret, otherSecret}})
	body := []byte("hello")
	signed, err := tokens.SignAPI("push:uid:"+EscapeScopeName("x *"), time.Minute,
		CallBinding{Method: "POST", URI: "/push", BodySHA256: BodyHash(body)})
	if err != nil {
		t.Fatal(err)
	}
	api, err := tokens.VerifyAPI(signed)
	if err != nil {
		t.Fatal(err)
	}
	if api.Method != "POST" || api.URI != "/push" || api.CheckBody(body) != nil || !api.Scopes.Allows(VerbPush, KindUID, "x *") {
		t.Errorf("got %+v", api)
	}

	until := int64(1800000000)
	claims := ClientClaims{UID: "Zoë", Groups: []string{"a", "b"}, Session: []byte(`{"n":1.0}`), Until: &until}
	if signed, err = tokens.SignClient(claims, time.Minute); err != nil {
		t.Fatal(err)
	}
	client, err := tokens.VerifyClient(signed)
	if err != nil {
		t.Fatal(err)
	}
	if got := (ClientClaims{client.UID, client.Groups, client.Session, client.Until}); !reflect.DeepEqual(got, claims) {
		t.Errorf("got %+v, want %+v", got, claims)
	}
	// Signed by the first secret: a node that has only that one takes it.
	if _, err := newTokens(t, Config{Secrets: []string{testSecret}}).VerifyClient(signed); err != nil {
		t.Errorf("not signed by the first secret: %v", err)
	}
}

func TestSigningRefusesWhatVerifyingWould(t *testing.T) {
	tokens := newTokens(t, Config{Secrets: []string{testSecret}})
	for name, sign := range map[string]func() (string, error){
		"unknown scope": func() (string, error) { return tokens.SignAPI("pull", time.Minute, CallBinding{}) },
		"no lifetime":   func() (string, error) { return tokens.SignAPI("push", 0, CallBinding{}) },
		"bad uid":       func() (string, error) { return tokens.SignClient(ClientClaims{UID: "\n"}, time.Minute) },
		"bad group":     func() (string, error) { return tokens.SignClient(ClientClaims{Groups: []string{""}}, time.Minute) },
		"bad session":   func() (string, error) { return tokens.SignClient(ClientClaims{Session: []byte("1")}, time.Minute) },
		"too long": func() (string, error) {
			return tokens.SignClient(ClientClaims{Session: []byte(`{"a":"` + strings.Repeat("x", MaxTokenBytes) + `"}`)}, time.Minute)
		},
	} {
		if token, err := sign(); err == nil {
			t.Errorf("%s: signed %s", name, token)
		}
	}
}

func TestSigningNeedsASecret(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	tokens := newTokens(t, Config{PublicKeyFile: keyFile(t, key.Public())})
	if _, err := tokens.SignAPI("push", time.Minute, CallBinding{}); !errors.Is(err, ErrNoSecret) {
		t.Errorf("got %v, want ErrNoSecret", err)
	}
	if _, err := tokens.SignClient(ClientClaims{}, time.Minute); !errors.Is(err, ErrNoSecret) {
		t.Errorf("got %v, want ErrNoSecret", err)
	}
}

func TestFreshSecretsAreTaken(t *testing.T) {
	a, b := NewSecret(), NewSecret()
	if a == b || strings.ContainsAny(a, ", +/=") {
		t.Errorf("got %q and %q", a, b)
	}
	newTokens(t, Config{Secrets: []string{a, b}})
	c, d := NewWebhookSecret(), NewWebhookSecret()
	if _, err := ParseWebhookSecrets(c + " " + d); err != nil || c == d {
		t.Errorf("got %q and %q: %v", c, d, err)
	}
}
