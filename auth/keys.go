package auth

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"

	"github.com/golang-jwt/jwt/v5"
)

// The algorithms (RFC 7518, section 3.1; RFC 8037).
const (
	algHS256 = "HS256"
	algRS256 = "RS256"
	algES256 = "ES256"
	algEdDSA = "EdDSA"
)

const (
	maxKeyFileBytes = 1 << 20
	minRSABits      = 2048 // RFC 7518, section 3.3
)

// publicKeys are the asymmetric keys: those of a file, and those of a JWKS.
type publicKeys struct {
	fromFile []crypto.PublicKey
	remote   *remoteKeys // nil: no JWKS is configured
}

func newPublicKeys(ctx context.Context, file, url string, log *slog.Logger) (*publicKeys, error) {
	k := &publicKeys{}
	if file != "" {
		var err error
		if k.fromFile, err = readKeyFile(file); err != nil {
			return nil, fmt.Errorf("public key file: %w", err)
		}
	}
	if url != "" {
		k.remote = fetchKeys(ctx, url, log)
	}
	return k, nil
}

// find gives the keys that may have signed this token: of its algorithm's kind,
// and of the JWKS only those with its key id, if it has one. A JWKS isn't asked
// about a token that a key of the file has signed.
func (k *publicKeys) find(token *jwt.Token) []crypto.PublicKey {
	var found []crypto.PublicKey
	for _, key := range k.fromFile {
		if algorithmOf(key) != token.Method.Alg() {
			continue
		}
		if k.remote != nil && signedBy(token, key) {
			return []crypto.PublicKey{key}
		}
		found = append(found, key)
	}
	if k.remote != nil {
		kid, _ := token.Header["kid"].(string)
		found = append(found, k.remote.find(token.Method.Alg(), kid)...)
	}
	return found
}

func signedBy(token *jwt.Token, key crypto.PublicKey) bool {
	signed := token.Raw[:strings.LastIndexByte(token.Raw, '.')]
	return token.Method.Verify(signed, token.Signature, key) == nil
}

// algorithmOf is the one algorithm that this key is for, or empty: an RSA key is
// never a curve's, and bytes are no public key at all.
func algorithmOf(key any) string {
	switch k := key.(type) {
	case *rsa.PublicKey:
		if k.N.BitLen() >= minRSABits {
			return algRS256
		}
	case *ecdsa.PublicKey:
		if k.Curve == elliptic.P256() {
			return algES256
		}
	case ed25519.PublicKey:
		if len(k) == ed25519.PublicKeySize {
			return algEdDSA
		}
	}
	return ""
}

// CheckKeyFile says why a file can't be Config.PublicKeyFile.
func CheckKeyFile(name string) error {
	_, err := readKeyFile(name)
	return err
}

func readKeyFile(name string) ([]crypto.PublicKey, error) {
	f, err := os.Open(name) //nolint:gosec // the operator's own choice
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	content, err := io.ReadAll(io.LimitReader(f, maxKeyFileBytes))
	if err != nil {
		return nil, err
	}
	return parseKeys(content)
}

// parseKeys reads one or more PEM blocks: public keys or certificates.
func parseKeys(content []byte) ([]crypto.PublicKey, error) {
	var keys []crypto.PublicKey
	for block, rest := pem.Decode(content); block != nil; block, rest = pem.Decode(rest) {
		key, err := parseKey(block)
		if err != nil {
			return nil, fmt.Errorf("block %d (%q): %w", len(keys)+1, block.Type, err)
		}
		if algorithmOf(key) == "" {
			return nil, fmt.Errorf("block %d: the key is none of RSA with %d bits or more, ECDSA on P-256, and Ed25519",
				len(keys)+1, minRSABits)
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return nil, errors.New("there is no PEM block in it")
	}
	return keys, nil
}

func parseKey(block *pem.Block) (crypto.PublicKey, error) {
	switch block.Type {
	case "PUBLIC KEY":
		return x509.ParsePKIXPublicKey(block.Bytes)
	case "RSA PUBLIC KEY":
		return x509.ParsePKCS1PublicKey(block.Bytes)
	case "CERTIFICATE":
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		return cert.PublicKey, nil
	default:
		return nil, errors.New("is no public key; the private half belongs elsewhere")
	}
}
