package auth

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/golang-jwt/jwt/v5"
)

// keyFile writes public keys as one PEM file.
func keyFile(t *testing.T, keys ...crypto.PublicKey) string {
	t.Helper()
	var content []byte
	for _, key := range keys {
		content = append(content, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: pkix(t, key)})...)
	}
	return writeFile(t, content)
}

func writeFile(t *testing.T, content []byte) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "keys.pem")
	if err := os.WriteFile(name, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func pkix(t *testing.T, key crypto.PublicKey) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

type keyPairs struct {
	rsa, otherRSA, shortRSA *rsa.PrivateKey
	ec, ec384               *ecdsa.PrivateKey
	ed                      ed25519.PrivateKey
}

// testKeys is the same pairs for all tests: RSA keys take long to make.
var testKeys = sync.OnceValue(func() (k keyPairs) {
	var errs [6]error
	k.rsa, errs[0] = rsa.GenerateKey(rand.Reader, 2048)
	k.otherRSA, errs[1] = rsa.GenerateKey(rand.Reader, 2048)
	k.ec, errs[2] = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	k.ec384, errs[3] = ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	k.shortRSA, errs[5] = rsa.GenerateKey(rand.Reader, 1024) //nolint:gosec // refused everywhere
	_, k.ed, errs[4] = ed25519.GenerateKey(rand.Reader)
	if err := errors.Join(errs[:]...); err != nil {
		panic(err)
	}
	return k
})

func TestAsymmetricKeysVerifyClientTokensAndAPITokensOnlyIfTold(t *testing.T) {
	k := testKeys()
	file := keyFile(t, k.rsa.Public(), k.ec.Public(), k.ed.Public())
	plain := newTokens(t, Config{Secrets: []string{testSecret}, PublicKeyFile: file})
	forAPI := newTokens(t, Config{Secrets: []string{testSecret}, PublicKeyFile: file, JWKSForAPI: true})
	noSecret := newTokens(t, Config{PublicKeyFile: file})
	for _, tt := range []struct {
		method jwt.SigningMethod
		key    any
	}{{jwt.SigningMethodRS256, k.rsa}, {jwt.SigningMethodES256, k.ec}, {jwt.SigningMethodEdDSA, k.ed}} {
		name := tt.method.Alg()
		client := mint(t, tt.method, tt.key, clientClaims(nil))
		api := mint(t, tt.method, tt.key, apiClaims(nil))
		for _, tokens := range []*Tokens{plain, forAPI, noSecret} {
			if _, err := tokens.VerifyClient(client); err != nil {
				t.Errorf("%s: client token: %v", name, err)
			}
		}
		if _, err := forAPI.VerifyAPI(api); err != nil {
			t.Errorf("%s: API token, allowed: %v", name, err)
		}
		for _, tokens := range []*Tokens{plain, noSecret} {
			_, err := tokens.VerifyAPI(api)
			wantUnauthorized(t, name+": API token, not allowed", err, "alg", api)
		}
		_, err := forAPI.VerifyAPI(client)
		wantUnauthorized(t, name+": client token on the API", err, "aud", client)
	}
	// Without any secret an HS256 token has nothing that could verify it.
	for _, secret := range []string{"", testSecret} {
		token := hs256(t, secret, clientClaims(nil))
		_, err := noSecret.VerifyClient(token)
		wantUnauthorized(t, "HS256 without a secret", err, "alg", token)
	}
}

// The classic: what is public is no secret, in whatever form it is tried as one.
func TestAPublicKeyIsNoSecret(t *testing.T) {
	k := testKeys()
	file := keyFile(t, k.rsa.Public(), k.ec.Public(), k.ed.Public())
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	tokens := newTokens(t, Config{Secrets: []string{testSecret}, PublicKeyFile: file, JWKSForAPI: true})
	edPublic, ok := k.ed.Public().(ed25519.PublicKey)
	if !ok {
		t.Fatal("not an Ed25519 key")
	}
	firstBlock, _ := pem.Decode(content)
	for name, secret := range map[string][]byte{
		"file":            content,
		"trimmed file":    []byte(strings.TrimSpace(string(content))),
		"first block":     pem.EncodeToMemory(firstBlock),
		"trimmed block":   []byte(strings.TrimSpace(string(pem.EncodeToMemory(firstBlock)))),
		"PKIX of RSA":     pkix(t, k.rsa.Public()),
		"PKCS1 of RSA":    x509.MarshalPKCS1PublicKey(&k.rsa.PublicKey),
		"modulus":         k.rsa.N.Bytes(),
		"Ed25519's bytes": edPublic,
	} {
		for _, method := range []*jwt.SigningMethodHMAC{jwt.SigningMethodHS256, jwt.SigningMethodHS384, jwt.SigningMethodHS512} {
			claim := "alg"
			if method == jwt.SigningMethodHS256 {
				claim = ""
			}
			client := mint(t, method, secret, clientClaims(nil))
			_, err := tokens.VerifyClient(client)
			wantUnauthorized(t, name+" as secret", err, claim, client)
			api := mint(t, method, secret, apiClaims(nil))
			_, err = tokens.VerifyAPI(api)
			wantUnauthorized(t, name+" as secret", err, claim, api)
		}
	}
}

func TestOtherKeysAndAlgorithmsAreRefused(t *testing.T) {
	k := testKeys()
	tokens := newTokens(t, Config{PublicKeyFile: keyFile(t, k.rsa.Public(), k.ec.Public())})
	for _, tt := range []struct {
		method jwt.SigningMethod
		key    any
		claim  string
	}{
		{jwt.SigningMethodRS256, k.otherRSA, ""},
		{jwt.SigningMethodRS384, k.rsa, "alg"},
		{jwt.SigningMethodRS512, k.rsa, "alg"},
		{jwt.SigningMethodPS256, k.rsa, "alg"},
		{jwt.SigningMethodES384, k.ec384, "alg"},
		{jwt.SigningMethodEdDSA, k.ed, ""}, // the right algorithm, but no such key is here
	} {
		token := mint(t, tt.method, tt.key, clientClaims(nil))
		_, err := tokens.VerifyClient(token)
		wantUnauthorized(t, tt.method.Alg(), err, tt.claim, token)
	}
}

func TestKeyFiles(t *testing.T) {
	k := testKeys()
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, k.ec.Public(), k.ec)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(k.ed)
	if err != nil {
		t.Fatal(err)
	}
	block := func(typ string, der []byte) []byte { return pem.EncodeToMemory(&pem.Block{Type: typ, Bytes: der}) }
	rsaPEM := block("RSA PUBLIC KEY", x509.MarshalPKCS1PublicKey(&k.rsa.PublicKey))
	for name, tt := range map[string]struct {
		content []byte
		keys    int // 0: refused
	}{
		"PKCS1":              {rsaPEM, 1},
		"certificate":        {block("CERTIFICATE", cert), 1},
		"with comments":      {append([]byte("# the old one\n"), append(rsaPEM, "\nthe new one:\n"+string(block("CERTIFICATE", cert))...)...), 2},
		"empty":              {nil, 0},
		"no PEM":             {[]byte("ssh-ed25519 AAAA"), 0},
		"garbage in a block": {block("PUBLIC KEY", []byte("x")), 0},
		"private key":        {block("PRIVATE KEY", private), 0},
		"public and private": {append(rsaPEM[:len(rsaPEM):len(rsaPEM)], block("PRIVATE KEY", private)...), 0},
		"P-384":              {block("PUBLIC KEY", pkix(t, k.ec384.Public())), 0},
		"short RSA":          {block("PUBLIC KEY", pkix(t, k.shortRSA.Public())), 0},
	} {
		keys, err := readKeyFile(writeFile(t, tt.content))
		if (err == nil) != (tt.keys > 0) || len(keys) != tt.keys {
			t.Errorf("%s: got %d keys, %v; want %d", name, len(keys), err, tt.keys)
		}
	}
}
