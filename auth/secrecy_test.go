package auth

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"gatepost/test/logs"
)

// However these are printed or logged, alone or within another value, no secret
// comes out in any spelling.
func TestNothingPrintsASecret(t *testing.T) {
	webhook := parseSecrets(t, "whsec_"+base64.StdEncoding.EncodeToString([]byte(otherSecret)))
	config := Config{Secrets: []string{testSecret}, JWKSURL: "https://user:" + testSecret + "@127.0.0.1:1/x?key=" + testSecret}
	tokens := newTokens(t, Config{Secrets: []string{testSecret}})
	type inner struct {
		exported WebhookSecrets
		Config   Config
	}
	var out logs.Log
	for _, value := range []any{
		webhook, &webhook, config, &config, tokens, []WebhookSecrets{webhook}, map[string]any{"a": webhook, "b": config},
		struct{ Secrets WebhookSecrets }{webhook}, &inner{webhook, config}, inner{exported: webhook},
	} {
		for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			fmt.Fprintf(&out, format+"\n", value)
		}
		out.Logger().Info("x", "value", value)
	}
	for _, value := range []any{webhook, config, map[string]any{"a": webhook}} {
		slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "value", value)
	}
	raw, err := json.Marshal(map[string]any{"secrets": webhook})
	if err != nil {
		t.Fatal(err)
	}
	out.Write(raw)
	for _, secret := range []string{testSecret, otherSecret} {
		decimals := strings.Trim(fmt.Sprint([]byte(secret)), "[]")
		for _, spelling := range []string{secret, hex.EncodeToString([]byte(secret)), decimals, base64.StdEncoding.EncodeToString([]byte(secret))[:40]} {
			if at := strings.Index(strings.ToLower(out.String()), strings.ToLower(spelling)); at >= 0 {
				t.Errorf("printed: …%s", out.String()[max(0, at-80):at])
			}
		}
	}
}
