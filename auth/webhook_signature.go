package auth

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"hash"
	"strconv"
	"strings"
	"sync"
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
	var digits [20]byte
	timestamp := strconv.AppendInt(digits[:0], at.Unix(), 10)
	var room [2 * (len(signatureVersion) + sha256.Size*3/2)]byte
	signatures := room[:0]
	signers := w.signers()
	for i := range signers {
		if i > 0 {
			signatures = append(signatures, ' ')
		}
		s := signers[i].Get().(*signer)
		signatures = append(signatures, signatureVersion...)
		signatures = base64.StdEncoding.AppendEncode(signatures, s.digest(id, timestamp, body))
		signers[i].Put(s)
	}
	return string(signatures)
}

// signer is an HMAC that is used again: to begin one anew takes as long as to sign a
// short message.
type signer struct {
	mac  hash.Hash
	room []byte
}

func newSigners(keys [][]byte) *[]sync.Pool {
	pools := make([]sync.Pool, len(keys))
	for i, key := range keys {
		pools[i].New = func() any { return &signer{mac: hmac.New(sha256.New, key)} }
	}
	return &pools
}

// digest is what a signature holds. It is good until the next one.
func (s *signer) digest(id string, timestamp, body []byte) []byte {
	s.mac.Reset()
	s.room = append(append(s.room[:0], id...), '.')
	s.room = append(append(s.room, timestamp...), '.')
	_, _ = s.mac.Write(s.room)
	_, _ = s.mac.Write(body)
	s.room = s.mac.Sum(s.room[:0])
	return s.room
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
	signers := w.signers()
	for i := range signers {
		s := signers[i].Get().(*signer)
		good := isAmong(signature, s.digest(id, []byte(timestamp), body))
		signers[i].Put(s)
		if good {
			return nil
		}
	}
	return ErrWebhookSignature
}

// isAmong reports whether one of the signatures in a header holds this digest.
func isAmong(signatures string, digest []byte) bool {
	for versioned := range strings.SplitSeq(signatures, " ") {
		encoded, ok := strings.CutPrefix(versioned, signatureVersion)
		if !ok {
			continue
		}
		got, err := base64.StdEncoding.DecodeString(encoded)
		if err == nil && hmac.Equal(got, digest) {
			return true
		}
	}
	return false
}
