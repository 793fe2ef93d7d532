package auth

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strconv"
	"strings"
	"time"
)

// WebhookTolerance is how far a webhook's timestamp may be from the verifier's
// clock, either way.
const WebhookTolerance = 5 * time.Minute

// Faults of a webhook signature.
var (
	ErrWebhookTimestamp = errors.New("the webhook's timestamp is not a unix time in seconds")
	ErrWebhookTooOld    = errors.New("the webhook's timestamp is too old")
	ErrWebhookTooNew    = errors.New("the webhook's timestamp is too far in the future")
	ErrWebhookSignature = errors.New("no signature of the webhook matches")
)

const signatureVersion = "v1,"

// Sign gives the value of the header webhook-signature: "v1," and the base64 of
// an HMAC-SHA256, once for each secret, separated by spaces. id and at are what
// webhook-id and webhook-timestamp say; at counts in whole seconds.
func (w WebhookSecrets) Sign(id string, at time.Time, body []byte) string {
	timestamp := strconv.FormatInt(at.Unix(), 10)
	signatures := make([]string, 0, len(w.all()))
	for _, key := range w.all() {
		signatures = append(signatures, signatureVersion+base64.StdEncoding.EncodeToString(digest(key, id, timestamp, body)))
	}
	return strings.Join(signatures, " ")
}

// Verify says whether one of the signatures in a webhook-signature header is by
// one of the secrets, and made within WebhookTolerance of now. id, timestamp and
// signature are the webhook's headers as they came; body is the raw body.
func (w WebhookSecrets) Verify(id, timestamp, signature string, body []byte, now time.Time) error {
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil {
		return ErrWebhookTimestamp
	}
	// In seconds, not as times: those overflow.
	switch {
	case seconds < now.Add(-WebhookTolerance).Unix():
		return ErrWebhookTooOld
	case seconds > now.Add(WebhookTolerance).Unix():
		return ErrWebhookTooNew
	}
	for _, key := range w.all() {
		want := digest(key, id, timestamp, body)
		for versioned := range strings.SplitSeq(signature, " ") {
			encoded, ok := strings.CutPrefix(versioned, signatureVersion)
			if !ok {
				continue
			}
			got, err := base64.StdEncoding.DecodeString(encoded)
			if err == nil && hmac.Equal(got, want) {
				return nil
			}
		}
	}
	return ErrWebhookSignature
}

func digest(key []byte, id, timestamp string, body []byte) []byte {
	h := hmac.New(sha256.New, key)
	_, _ = h.Write([]byte(id + "." + timestamp + "."))
	_, _ = h.Write(body)
	return h.Sum(nil)
}
