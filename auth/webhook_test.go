package auth

import (
	"encoding/base64"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

func parseSecrets(t *testing.T, s string) WebhookSecrets {
	t.Helper()
	w, err := ParseWebhookSecrets(s)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// The vector of the specification.
func TestSignIsStandardWebhooks(t *testing.T) {
	w := parseSecrets(t, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	got := w.Sign("msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`))
	if want := "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// While secrets are rotated, a backend that knows either takes the webhook, by
// the project's own library.
func TestTheOfficialLibraryTakesEitherSecret(t *testing.T) {
	secrets := []string{NewWebhookSecret(), NewWebhookSecret()}
	w := parseSecrets(t, " "+strings.Join(secrets, "  ")+"\n")
	now := time.Now()
	body := []byte(`{"text":"é"}`)
	header := http.Header{}
	header.Set(standardwebhooks.HeaderWebhookID, "evt_1")
	header.Set(standardwebhooks.HeaderWebhookTimestamp, strconv.FormatInt(now.Unix(), 10))
	header.Set(standardwebhooks.HeaderWebhookSignature, w.Sign("evt_1", now, body))
	for _, secret := range append(secrets, NewWebhookSecret()) {
		official, err := standardwebhooks.NewWebhook(secret)
		if err != nil {
			t.Fatal(err)
		}
		known := strings.Contains(strings.Join(secrets, " "), secret)
		if err := official.Verify(body, header); (err == nil) != known {
			t.Errorf("known secret: %v; the library says %v", known, err)
		}
		// And ours takes what it signs.
		signature, err := official.Sign("evt_1", now, body)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Verify("evt_1", strconv.FormatInt(now.Unix(), 10), signature, body, now); (err == nil) != known {
			t.Errorf("known secret: %v; Verify says %v", known, err)
		}
	}
}

func TestVerifyRefuses(t *testing.T) {
	w := parseSecrets(t, NewWebhookSecret())
	now := time.Unix(1800000000, 0)
	stamp := func(d time.Duration) string { return strconv.FormatInt(now.Add(d).Unix(), 10) }
	body := []byte("body")
	good := w.Sign("evt_1", now, body)
	other := parseSecrets(t, NewWebhookSecret()).Sign("evt_1", now, body)
	for name, tt := range map[string]struct {
		id, timestamp, signature, body string
		want                           error
	}{
		"good":                {"evt_1", stamp(0), good, "body", nil},
		"good behind another": {"evt_1", stamp(0), other + " v2,x " + good, "body", nil},
		"old, just":           {"evt_1", stamp(-5 * time.Minute), w.Sign("evt_1", now.Add(-5*time.Minute), body), "body", nil},
		"new, just":           {"evt_1", stamp(5 * time.Minute), w.Sign("evt_1", now.Add(5*time.Minute), body), "body", nil},
		"too old":             {"evt_1", stamp(-301 * time.Second), w.Sign("evt_1", now.Add(-301*time.Second), body), "body", ErrWebhookTooOld},
		"too new":             {"evt_1", stamp(301 * time.Second), w.Sign("evt_1", now.Add(301*time.Second), body), "body", ErrWebhookTooNew},
		"far off":             {"evt_1", "9223372036854775807", good, "body", ErrWebhookTooNew},
		"no timestamp":        {"evt_1", "", good, "body", ErrWebhookTimestamp},
		"timestamp a word":    {"evt_1", "now", good, "body", ErrWebhookTimestamp},
		"other id":            {"evt_2", stamp(0), good, "body", ErrWebhookSignature},
		"other timestamp":     {"evt_1", stamp(time.Second), good, "body", ErrWebhookSignature},
		"other spelling":      {"evt_1", "0" + stamp(0), good, "body", ErrWebhookSignature},
		"other body":          {"evt_1", stamp(0), good, "body ", ErrWebhookSignature},
		"other secret":        {"evt_1", stamp(0), other, "body", ErrWebhookSignature},
		"other version":       {"evt_1", stamp(0), "v2" + strings.TrimPrefix(good, "v1"), "body", ErrWebhookSignature},
		"no version":          {"evt_1", stamp(0), strings.TrimPrefix(good, "v1,"), "body", ErrWebhookSignature},
		"empty signature":     {"evt_1", stamp(0), "v1,", "body", ErrWebhookSignature},
		"no signature":        {"evt_1", stamp(0), "", "body", ErrWebhookSignature},
		"cut signature":       {"evt_1", stamp(0), good[:len(good)-4], "body", ErrWebhookSignature},
		"moved boundary":      {"evt_1." + stamp(0), stamp(0), good, "body", ErrWebhookSignature},
	} {
		if err := w.Verify(tt.id, tt.timestamp, tt.signature, []byte(tt.body), now); !errors.Is(err, tt.want) || (err == nil) != (tt.want == nil) {
			t.Errorf("%s: got %v, want %v", name, err, tt.want)
		}
	}
	if err := (WebhookSecrets{}).Verify("evt_1", stamp(0), good, body, now); !errors.Is(err, ErrWebhookSignature) {
		t.Errorf("without a secret: got %v", err)
	}
	if got := (WebhookSecrets{}).Sign("evt_1", now, body); got != "" || !(WebhookSecrets{}).Empty() || w.Empty() {
		t.Errorf("without a secret: signed %q", got)
	}
}

func TestParseWebhookSecretsRefuses(t *testing.T) {
	encode := func(bytes int) string { return base64.StdEncoding.EncodeToString(make([]byte, bytes)) }
	for _, bytes := range []int{24, 32, 64} {
		parseSecrets(t, "whsec_"+encode(bytes))
	}
	good := NewWebhookSecret()
	for name, tt := range map[string]struct{ secrets, says string }{
		"nothing":     {"", "no webhook secret"},
		"white space": {"  ", "no webhook secret"},
		"no prefix":   {encode(32), "1 of 1"},
		"prefix only": {"whsec_", "0 bytes"},
		"short":       {"whsec_" + encode(23), "23 bytes"},
		"long":        {"whsec_" + encode(65), "65 bytes"},
		"base64url":   {good + " whsec_" + strings.Repeat("-_", 20), "2 of 2"},
		"no padding":  {"whsec_" + strings.TrimRight(encode(32), "="), "base64"},
		"loose bits":  {"whsec_" + encode(32)[:42] + "B=", "base64"},
		"comma":       {good + "," + good, "base64"},
		"capitals":    {"WHSEC_" + encode(32), "begin"},
	} {
		_, err := ParseWebhookSecrets(tt.secrets)
		if err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: got %v, want it to say %q", name, err, tt.says)
			continue
		}
		for _, secret := range strings.Fields(tt.secrets) {
			if len(secret) > 10 && strings.Contains(err.Error(), strings.TrimPrefix(secret, "whsec_")) {
				t.Errorf("%s: the error holds the secret", name)
			}
		}
	}
}
