package examples

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

func unix(at time.Time) string { return strconv.FormatInt(at.Unix(), 10) }

// signature is what webhookSecret makes of an event with the id "e".
func signature(t *testing.T, timestamp, body string) string {
	t.Helper()
	return signatureOf(t, "e", timestamp, body)
}

func signatureOf(t *testing.T, id, timestamp, body string) string {
	t.Helper()
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(webhookSecret, "whsec_"))
	if err != nil {
		t.Fatal(err)
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + timestamp + "." + body))
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// refusesUnsigned sends a backend, whose secret is webhookSecret, what isn't the
// gateway's or isn't of just now. All of that must be answered 401.
func refusesUnsigned(t *testing.T, addr string) {
	t.Helper()
	now := time.Now().UTC()
	body := `{"type":"message","id":"e","data":{}}`
	for _, c := range []struct {
		name, timestamp, signature string
	}{
		{"no signature", unix(now), ""},
		{"another's signature", unix(now), "v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="},
		{"another body's signature", unix(now), signature(t, unix(now), body+" ")},
		{"no timestamp", "", "v1,AAAA"},
		{"signed too long ago", unix(now.Add(-6 * time.Minute)), signature(t, unix(now.Add(-6*time.Minute)), body)},
		{"signed for later", unix(now.Add(6 * time.Minute)), signature(t, unix(now.Add(6*time.Minute)), body)},
		{"no number", "+" + unix(now), signature(t, "+"+unix(now), body)},
	} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+addr, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("content-type", "application/json")
		request.Header.Set("webhook-id", "e")
		request.Header.Set("webhook-timestamp", c.timestamp)
		request.Header.Set("webhook-signature", c.signature)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		answer, _ := io.ReadAll(response.Body)
		response.Body.Close()
		if response.StatusCode != http.StatusUnauthorized || strings.Contains(string(answer), "whsec_") {
			t.Errorf("%s: got %d %s", c.name, response.StatusCode, answer)
		}
		if meant := response.Header.Get("gatepost-refuse"); meant != "1" {
			t.Errorf("%s: gatepost-refuse is %q", c.name, meant)
		}
	}
}
