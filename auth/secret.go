package auth

import (
	"crypto/rand"
	"encoding/base64"
)

const freshSecretBytes = 32

// NewSecret makes a secret for Config.Secrets: 256 random bits as 43 characters
// of base64url, so that no shell or list separator is in it.
func NewSecret() string { return base64.RawURLEncoding.EncodeToString(freshSecret()) }

// NewWebhookSecret makes a secret for ParseWebhookSecrets: whsec_ and 256 random
// bits.
func NewWebhookSecret() string {
	return webhookSecretPrefix + base64.StdEncoding.EncodeToString(freshSecret())
}

func freshSecret() []byte {
	b := make([]byte, freshSecretBytes)
	_, _ = rand.Read(b) // never fails: crypto/rand ends the process instead
	return b
}
