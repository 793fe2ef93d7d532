package cluster

import (
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"math/big"
	"time"
)

// routeKey is what one secret makes: a key that proves that a node has the
// secret, and an id that says which secret that is and gives nothing of it away.
type routeKey struct {
	id          string // 32 hex digits
	public      ed25519.PublicKey
	certificate tls.Certificate
	parsed      *x509.Certificate
}

// routeKeys makes the keys of the secrets, in their order.
func routeKeys(secrets []string) ([]routeKey, error) {
	keys := make([]routeKey, 0, len(secrets))
	for _, secret := range secrets {
		key, err := newRouteKey(secret)
		if err != nil {
			return nil, fmt.Errorf("cluster: the key of the routes: %w", err)
		}
		keys = append(keys, key)
	}
	return keys, nil
}

func newRouteKey(secret string) (routeKey, error) {
	seed, err := hkdf.Key(sha256.New, []byte(secret), nil, "gatepost route 1", ed25519.SeedSize)
	if err != nil {
		return routeKey{}, err
	}
	private := ed25519.NewKeyFromSeed(seed)
	public := private.Public().(ed25519.PublicKey)
	sum := sha256.Sum256(public)
	id := hex.EncodeToString(sum[:16])
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		// Nobody looks at the time: the key itself is what counts.
		NotBefore: time.Unix(0, 0), NotAfter: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC),
	}
	template.Subject.CommonName = id
	raw, err := x509.CreateCertificate(rand.Reader, template, template, public, private)
	if err != nil {
		return routeKey{}, err
	}
	parsed, err := x509.ParseCertificate(raw)
	if err != nil {
		return routeKey{}, err
	}
	return routeKey{id: id, public: public, parsed: parsed,
		certificate: tls.Certificate{Certificate: [][]byte{raw}, PrivateKey: private, Leaf: parsed}}, nil
}
