package auth

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
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
	keys *keyring
}

// keyring holds keys behind a second pointer. In a field that isn't exported
// package fmt asks no method how to print a value; it follows one pointer at
// most.
type keyring struct {
	signers *[]sync.Pool // of *signer, one for each key
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
	return WebhookSecrets{keys: &keyring{newSigners(keys)}}, nil
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
func (w WebhookSecrets) Empty() bool { return len(w.signers()) == 0 }

func (w WebhookSecrets) signers() []sync.Pool {
	if w.keys == nil {
		return nil
	}
	return *w.keys.signers
}

// LogValue hides the secrets from package slog.
func (w WebhookSecrets) LogValue() slog.Value { return slog.StringValue(hidden) }

// Format hides the secrets from package fmt, whatever the verb.
func (w WebhookSecrets) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, hidden) }

// MarshalText hides the secrets from package encoding/json.
func (w WebhookSecrets) MarshalText() ([]byte, error) { return []byte(hidden), nil }
