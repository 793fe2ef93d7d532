package auth

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"slices"
	"strings"
)

// MinSecretBytes is the shortest secret that HS256 is given: as long as its
// digest (RFC 7518, section 3.2).
const MinSecretBytes = 32

// ErrNoSecret says that there is nothing to sign or verify tokens with.
var ErrNoSecret = errors.New("no secret for tokens is configured")

// Config is what tokens are signed and verified with.
type Config struct {
	// Secrets are for HS256, MinSecretBytes or more each: the first signs, all
	// verify.
	Secrets []string
	// PublicKeyFile is a PEM file of public keys for client tokens, or empty.
	PublicKeyFile string
	// JWKSURL is where a JSON Web Key Set for client tokens is fetched, or empty.
	JWKSURL string
	// JWKSForAPI lets the keys of PublicKeyFile and JWKSURL verify API tokens too.
	// Whoever holds their private half is then an administrator.
	JWKSForAPI bool
	// ClientAudiences are those of which a client token's aud must name one; nil:
	// AudienceClient. NoAudience alone: aud isn't looked at, which needs ClientIssuers.
	ClientAudiences []string
	// ClientIssuers are those of which a client token's iss must be one; nil: iss
	// isn't looked at.
	ClientIssuers []string
	// ForeignClaims are those of OwnClaims that count in client tokens that aren't
	// made for AudienceClient. Of these only sub and exp count by themselves.
	ForeignClaims []string
}

// check gives every fault of the configuration at once.
func (c Config) check() error {
	faults := CheckSecrets(c.Secrets)
	if c.JWKSURL != "" {
		u, err := url.Parse(c.JWKSURL)
		if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
			faults = append(faults, errors.New("the JWKS URL is not an http or https URL"))
		}
	}
	if len(c.Secrets) == 0 && c.PublicKeyFile == "" && c.JWKSURL == "" {
		faults = append(faults, ErrNoSecret)
	}
	if err := CheckClientAudiences(c.ClientAudiences); err != nil {
		faults = append(faults, fmt.Errorf("the audience of clients %w", err))
	}
	if slices.Contains(c.ClientAudiences, NoAudience) && len(c.ClientIssuers) == 0 {
		faults = append(faults, errors.New("no audience of clients needs an issuer"))
	}
	for _, name := range c.ForeignClaims {
		if !slices.Contains(OwnClaims, name) {
			faults = append(faults, fmt.Errorf("%q is none of the claims that can count: %s", name, strings.Join(OwnClaims, ", ")))
		}
	}
	return errors.Join(faults...)
}

// CheckSecrets says of each secret for HS256 that is too short which one it is, never
// what it is.
func CheckSecrets(secrets []string) (faults []error) {
	for i, s := range secrets {
		if len(s) < MinSecretBytes {
			faults = append(faults, fmt.Errorf("secret %d of %d has %d bytes; %d or more are needed",
				i+1, len(secrets), len(s), MinSecretBytes))
		}
	}
	return faults
}

// LogValue shows which parts are configured, not what they hold.
func (c Config) LogValue() slog.Value {
	return slog.GroupValue(
		slog.Int("secrets", len(c.Secrets)),
		slog.Bool("public_key_file_configured", c.PublicKeyFile != ""),
		slog.Bool("jwks_url_configured", c.JWKSURL != ""),
		slog.Bool("jwks_for_api", c.JWKSForAPI),
	)
}

// Format is LogValue for package fmt, whatever the verb.
func (c Config) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, c.LogValue().String()) }
