package auth

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"gatepost/test/logs"
	"gatepost/test/wait"
)

// keyServer serves a key set that a test changes as it goes.
type keyServer struct {
	*httptest.Server
	fetches atomic.Int64

	mu   sync.Mutex // guards the following field
	keys []map[string]string
}

func newKeyServer(t *testing.T, keys ...map[string]string) *keyServer {
	t.Helper()
	s := &keyServer{keys: keys}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		s.fetches.Add(1)
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.keys == nil {
			http.Error(w, "away", http.StatusServiceUnavailable)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"keys": s.keys})
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *keyServer) serve(keys ...map[string]string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys = keys
}

// jwk is a public or symmetric key as a set holds it, with members of the test's.
func jwk(t *testing.T, key any, kid string, more ...string) map[string]string {
	t.Helper()
	b64 := base64.RawURLEncoding.EncodeToString
	var m map[string]string
	switch k := key.(type) {
	case *rsa.PublicKey:
		m = map[string]string{"kty": "RSA", "n": b64(k.N.Bytes()), "e": b64(big.NewInt(int64(k.E)).Bytes())}
	case *ecdsa.PublicKey:
		point, err := k.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		half := len(point) / 2
		m = map[string]string{"kty": "EC", "crv": k.Params().Name, "x": b64(point[1 : 1+half]), "y": b64(point[1+half:])}
	case ed25519.PublicKey:
		m = map[string]string{"kty": "OKP", "crv": "Ed25519", "x": b64(k)}
	case []byte:
		m = map[string]string{"kty": "oct", "k": b64(k)}
	default:
		t.Fatalf("no JWK for a %T", key)
	}
	if kid != "" {
		m["kid"] = kid
	}
	for i := 0; i < len(more); i += 2 {
		m[more[i]] = more[i+1]
	}
	return m
}

// mintWithKID signs a good client token whose header names a key.
func mintWithKID(t *testing.T, method jwt.SigningMethod, key any, kid string) string {
	t.Helper()
	token := jwt.NewWithClaims(method, clientClaims(nil))
	if kid != "" {
		token.Header["kid"] = kid
	}
	signed, err := token.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func TestAKeySetVerifiesTokensOfItsKeys(t *testing.T) {
	k := testKeys()
	server := newKeyServer(t,
		jwk(t, &k.rsa.PublicKey, "r"), jwk(t, &k.ec.PublicKey, "e", "use", "sig", "alg", "ES256"), jwk(t, k.ed.Public(), "d"),
		jwk(t, &k.shortRSA.PublicKey, "short"), jwk(t, &k.otherRSA.PublicKey, "enc", "use", "enc"), jwk(t, &k.ec384.PublicKey, "384"), jwk(t, []byte(testSecret), "o"))
	tokens := newTokens(t, Config{JWKSURL: server.URL})
	withSecret := newTokens(t, Config{JWKSURL: server.URL, Secrets: []string{otherSecret}, JWKSForAPI: true})
	taken := []string{algRS256, algES256, algEdDSA}
	for name, tt := range map[string]struct {
		method jwt.SigningMethod
		key    any
		kid    string
		good   bool
	}{
		"RSA":                       {jwt.SigningMethodRS256, k.rsa, "r", true},
		"ECDSA":                     {jwt.SigningMethodES256, k.ec, "e", true},
		"Ed25519":                   {jwt.SigningMethodEdDSA, k.ed, "d", true},
		"no key id":                 {jwt.SigningMethodES256, k.ec, "", true},
		"id of another kind of key": {jwt.SigningMethodRS256, k.rsa, "e", false},
		"id of another key":         {jwt.SigningMethodRS256, k.otherRSA, "r", false},
		"short key":                 {jwt.SigningMethodRS256, k.shortRSA, "short", false},
		"key for encryption":        {jwt.SigningMethodRS256, k.otherRSA, "enc", false},
		"encryption, no key id":     {jwt.SigningMethodRS256, k.otherRSA, "", false},
		"other algorithm":           {jwt.SigningMethodRS512, k.rsa, "r", false},
		"other curve":               {jwt.SigningMethodES384, k.ec384, "384", false},
		// A set may hold symmetric keys. Anyone who can read it could sign with them.
		"symmetric key of the set": {jwt.SigningMethodHS256, []byte(testSecret), "o", false},
		"symmetric, no key id":     {jwt.SigningMethodHS256, []byte(testSecret), "", false},
		"modulus as secret":        {jwt.SigningMethodHS256, k.rsa.N.Bytes(), "r", false},
	} {
		token := mintWithKID(t, tt.method, tt.key, tt.kid)
		for _, tokens := range []*Tokens{tokens, withSecret} {
			_, err := tokens.VerifyClient(token)
			if tt.good && err != nil {
				t.Errorf("%s: %v", name, err)
			} else if !tt.good {
				claim := ""
				if alg := tt.method.Alg(); !slices.Contains(taken, alg) && !(alg == algHS256 && tokens == withSecret) {
					claim = "alg"
				}
				wantUnauthorized(t, name, err, claim, token)
			}
		}
	}
	api := mint(t, jwt.SigningMethodRS256, k.rsa, apiClaims(nil))
	if _, err := withSecret.VerifyAPI(api); err != nil {
		t.Errorf("API token, allowed: %v", err)
	}
	_, err := tokens.VerifyAPI(api)
	wantUnauthorized(t, "API token, not allowed", err, "alg", api)
}

// What a set has besides, of a kind that isn't known here or broken, harms no other of its
// keys (RFC 7517, section 5), nor does a certificate that doesn't fit its key.
func TestAKeyThatCannotBeReadHarmsNoOther(t *testing.T) {
	k := testKeys()
	var log logs.Log
	server := newKeyServer(t,
		jwk(t, &k.ec.PublicKey, "e", "x", "!!", "kid", "broken"), jwk(t, &k.rsa.PublicKey, "short", "n", ""), map[string]string{"kty": "AKP", "kid": "new"},
		map[string]string{}, jwk(t, &k.ec.PublicKey, "tls", "use", "tls"), jwk(t, &k.ec.PublicKey, "koblitz", "crv", "secp256k1"), jwk(t, &k.ec.PublicKey, "off", "y", "AQ"),
		jwk(t, &k.rsa.PublicKey, "r", "x5t", "bm8", "x5u", "no"), jwk(t, &k.ec.PublicKey, "e"))
	tokens, err := NewTokens(t.Context(), Config{JWKSURL: server.URL}, log.Logger())
	if err != nil {
		t.Fatal(err)
	}
	for kid, key := range map[string]struct {
		method jwt.SigningMethod
		key    any
	}{"r": {jwt.SigningMethodRS256, k.rsa}, "e": {jwt.SigningMethodES256, k.ec}} {
		if _, err := tokens.VerifyClient(mintWithKID(t, key.method, key.key, kid)); err != nil {
			t.Errorf("%s: %v", kid, err)
		}
	}
	for _, kid := range []string{"broken", "tls", "koblitz", "off"} {
		token := mintWithKID(t, jwt.SigningMethodES256, k.ec, kid)
		_, err := tokens.VerifyClient(token)
		wantUnauthorized(t, kid, err, "", token)
	}
	if !log.Has("can't be read", `kid="\"broken\""`) || log.Has("key set not fetched") {
		t.Errorf("got %s", &log)
	}
}

func TestAnAbsentKeyServerKeepsNobodyFromStarting(t *testing.T) {
	k := testKeys()
	server := newKeyServer(t) // answers 503
	var log logs.Log
	address := strings.Replace(server.URL, "http://", "http://user:hunter2@", 1) + "/keys?token=hunter2"
	tokens, err := NewTokens(t.Context(), Config{JWKSURL: address, Secrets: []string{testSecret}}, log.Logger())
	if err != nil {
		t.Fatal(err)
	}
	token := mintWithKID(t, jwt.SigningMethodES256, k.ec, "e")
	_, err = tokens.VerifyClient(token)
	wantUnauthorized(t, "without keys", err, "", token)
	if _, err := tokens.VerifyClient(hs256(t, testSecret, clientClaims(nil))); err != nil {
		t.Errorf("a token of the secret: %v", err)
	}
	server.serve(jwk(t, &k.ec.PublicKey, "e"))
	wait.For(t, "the server is back, and so are the keys", func() bool {
		_, err := tokens.VerifyClient(token)
		return err == nil
	})
	if got := log.String(); !strings.Contains(got, "key set not fetched") || strings.Contains(got, "hunter2") {
		t.Errorf("the log says: %s", got)
	}
}

// A client in front of an unreachable server is told no in bounded time.
func TestAHangingKeyServerDelaysAVerdictNotForLong(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(release) })
	began := time.Now()
	tokens := newTokens(t, Config{JWKSURL: server.URL})
	if took := time.Since(began); took > time.Second {
		t.Errorf("starting took %v", took)
	}
	token := mintWithKID(t, jwt.SigningMethodES256, testKeys().ec, "e")
	_, err := tokens.VerifyClient(token)
	wantUnauthorized(t, "without keys", err, "", token)
	if took := time.Since(began); took > jwksTimeout+5*time.Second {
		t.Errorf("the verdict took %v", took)
	}
}

func TestAnEndlessKeySetIsGivenUp(t *testing.T) {
	t.Parallel()
	var sent atomic.Int64
	ended := make(chan struct{})
	var once sync.Once
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		defer once.Do(func() { close(ended) })
		chunk := `{"keys":[],"x":"`
		for {
			n, err := w.Write([]byte(chunk))
			if sent.Add(int64(n)); err != nil {
				return
			}
			chunk = strings.Repeat("x", 64<<10)
		}
	}))
	t.Cleanup(server.Close)
	newTokens(t, Config{JWKSURL: server.URL})
	<-ended
	if n := sent.Load(); n > 64<<20 {
		t.Errorf("read %d MiB of an endless answer", n>>20)
	}
}

// After a rotation all clients come with the new key at once; strangers' key ids
// must not make the gateway a hammer on the key server.
func TestUnknownKeyIDsFetchTheSetOnce(t *testing.T) {
	k := testKeys()
	server := newKeyServer(t, jwk(t, &k.rsa.PublicKey, "old"))
	tokens := newTokens(t, Config{JWKSURL: server.URL})
	if _, err := tokens.VerifyClient(mintWithKID(t, jwt.SigningMethodRS256, k.rsa, "old")); err != nil {
		t.Fatal(err)
	}
	server.serve(jwk(t, &k.rsa.PublicKey, "old"), jwk(t, &k.ec.PublicKey, "new"))
	token := mintWithKID(t, jwt.SigningMethodES256, k.ec, "new")
	var clients sync.WaitGroup
	for range 50 {
		clients.Go(func() {
			if _, err := tokens.VerifyClient(token); err != nil {
				t.Errorf("a client with the new key: %v", err)
			}
		})
	}
	clients.Wait()
	for _, kid := range []string{"a", "b", "c", "d"} {
		stranger := mintWithKID(t, jwt.SigningMethodES256, k.ec, kid)
		_, err := tokens.VerifyClient(stranger)
		wantUnauthorized(t, "unknown key id", err, "", stranger)
	}
	if n := server.fetches.Load(); n != 2 {
		t.Errorf("fetched %d times, want 2: at the start, and for the new key", n)
	}
}

func TestAKeyOfTheFileNeedsNoKeyServer(t *testing.T) {
	k := testKeys()
	server := newKeyServer(t, jwk(t, &k.rsa.PublicKey, "r"))
	tokens := newTokens(t, Config{JWKSURL: server.URL, PublicKeyFile: keyFile(t, k.ec.Public())})
	for _, kid := range []string{"", "a", "b"} {
		if _, err := tokens.VerifyClient(mintWithKID(t, jwt.SigningMethodES256, k.ec, kid)); err != nil {
			t.Errorf("key of the file, key id %q: %v", kid, err)
		}
	}
	if _, err := tokens.VerifyClient(mintWithKID(t, jwt.SigningMethodRS256, k.rsa, "r")); err != nil {
		t.Errorf("key of the set: %v", err)
	}
	if n := server.fetches.Load(); n != 1 {
		t.Errorf("fetched %d times, want 1", n)
	}
}
