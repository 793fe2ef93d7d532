package auth

import (
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"strings"
)

const (
	webhookSecretPrefix = "whsec_"
	// The lengths that Standard Webhooks allows a secret, in bytes.
	minWebhookSecretBytes = 24
	maxWebhookSecretBytes = 64

	hidden = "[hidden]"
)

// WebhookSecrets sign webhooks and verify their signatures: one secret, or
// several while they are rotated. The zero value has none and signs nothing.
type WebhookSecrets struct {
	keys *[][]byte // behind a pointer, where package fmt doesn't follow
}

// ParseWebhookSecrets reads secrets as whsec_ and base64 of 24 to 64 bytes,
// separated by spaces. An error says which one is wrong, never what it is.
func ParseWebhookSecrets(s string) (WebhookSecrets, error) {
	fields := strings.Fields(s)
	if len(fields) == 0 {
		return WebhookSecrets{}, errors.New("there is no webhook secret")
	}
	keys := make([][]byte, len(fields))
	for i, field := range fields {
		key, err := parseWebhookSecret(field)
		if err != nil {
			return WebhookSecrets{}, fmt.Errorf("webhook secret %d of %d %w", i+1, len(fields), err)
		}
		keys[i] = key
	}
	return WebhookSecrets{keys: &keys}, nil
}

func parseWebhookSecret(s string) ([]byte, error) {
	encoded, ok := strings.CutPrefix(s, webhookSecretPrefix)
	if !ok {
		return nil, errors.New("does not begin with " + webhookSecretPrefix)
	}
	key, err := base64.StdEncoding.Strict().DecodeString(encoded)
	if err != nil {
		return nil, errors.New("is not base64 behind " + webhookSecretPrefix)
	}
	if len(key) < minWebhookSecretBytes || len(key) > maxWebhookSecretBytes {
		return nil, fmt.Errorf("has %d bytes; %d to %d are needed", len(key), minWebhookSecretBytes, maxWebhookSecretBytes)
	}
	return key, nil
}

// Empty reports whether there is no secret.
func (w WebhookSecrets) Empty() bool { return len(w.all()) == 0 }

func (w WebhookSecrets) all() [][]byte {
	if w.keys == nil {
		return nil
	}
	return *w.keys
}

// LogValue hides the secrets from package slog.
func (w WebhookSecrets) LogValue() slog.Value { return slog.StringValue(hidden) }

// String hides the secrets from package fmt.
func (w WebhookSecrets) String() string { return hidden }

// GoString hides the secrets from %#v.
func (w WebhookSecrets) GoString() string { return hidden }

// MarshalText hides the secrets from package encoding/json.
func (w WebhookSecrets) MarshalText() ([]byte, error) { return []byte(hidden), nil }
