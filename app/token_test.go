package main

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"gatepost/auth"
)

func TestTokens(t *testing.T) {
	tokens, err := auth.NewTokens(t.Context(), auth.Config{Secrets: []string{testSecret}}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	environ := []string{"GATEPOST_SECRET=" + testSecret, "GATEPOST_ADDR=a fault that doesn't matter here"}
	token := func(args ...string) string {
		t.Helper()
		got := gatepost(t, environ, "", append([]string{"token"}, args...)...)
		if got.status != 0 {
			t.Fatalf("%v: %+v", args, got)
		}
		return strings.TrimSpace(got.out)
	}

	client, err := tokens.VerifyClient(token("client", "--uid", "42", "--group", "a,b", "--group", "c", "--session", `{"x":1}`, "--until", "1h"))
	if err != nil {
		t.Fatal(err)
	}
	if client.UID != "42" || strings.Join(client.Groups, "|") != "a,b|c" || string(client.Session) != `{"x":1}` {
		t.Errorf("got %+v", client)
	}
	if client.Until == nil || time.Until(time.Unix(*client.Until, 0)).Round(time.Minute) != time.Hour {
		t.Errorf("until %v", client.Until)
	}

	api, err := tokens.VerifyAPI(token("api", "--scope", "push:uid:42", "--bind-method", "POST", "--bind-url", "/push/uids/42", "--bind-body", "hi"))
	if err != nil {
		t.Fatal(err)
	}
	if !api.Scopes.Allows(auth.VerbPush, auth.KindUID, "42") || api.Scopes.Allows(auth.VerbPush, auth.KindUID, "43") {
		t.Errorf("got scopes %+v", api.Scopes)
	}
	if api.CheckCall("POST", "/push/uids/42") != nil || api.CheckCall("POST", "/push/uids/43") == nil || api.CheckBody([]byte("hi")) != nil || api.CheckBody([]byte("ho")) == nil {
		t.Errorf("the token isn't bound as asked: %+v", api)
	}

	environ = append(environ, "GATEPOST_CLIENT_ISSUER=mine", "GATEPOST_CLIENT_AUDIENCE=none")
	issued, err := auth.NewTokens(t.Context(), auth.Config{Secrets: []string{testSecret}, ClientIssuers: []string{"mine"}}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := issued.VerifyClient(token("client", "--uid", "42")); err != nil {
		t.Errorf("with an issuer: %v", err)
	}
	foreign := append(environ, "GATEPOST_CLIENT_AUDIENCE=app")
	if got := gatepost(t, foreign, "", "token", "client"); got.status != 1 || !strings.Contains(got.err, "GATEPOST_CLIENT_AUDIENCE") {
		t.Errorf("where no token that is printed here is taken: %+v", got)
	}

	for _, secret := range []string{"", "short"} {
		got := gatepost(t, []string{"GATEPOST_SECRET=" + secret}, "", "token", "api")
		if got.status != 1 || !strings.Contains(got.err, "GATEPOST_SECRET") || strings.Contains(got.err, "short,") {
			t.Errorf("with the secret %q: %+v", secret, got)
		}
	}
}
