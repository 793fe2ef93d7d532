package auth

import (
	"bytes"
	"context"
	"crypto"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/MicahParks/keyfunc/v3"
	"golang.org/x/time/rate"
)

const (
	jwksTimeout      = 5 * time.Second // one fetch
	jwksRefresh      = 5 * time.Minute // between fetches
	jwksUnknownEvery = 10 * time.Second
	jwksFirstRetry   = time.Second // doubles up to jwksLastRetry
	jwksLastRetry    = time.Minute
	maxJWKSBytes     = 1 << 20
)

// remoteKeys are the keys of a JWKS URL. Until the first fetch has succeeded
// there are none.
type remoteKeys struct {
	ctx   context.Context // ends with the process
	tried chan struct{}   // closed after the first attempt
	set   atomic.Pointer[keyfunc.Keyfunc]

	refresh    sync.Mutex // held while an unknown key id is looked for
	mayRefresh *rate.Limiter
}

// fetchKeys begins to fetch, and goes on until ctx ends.
func fetchKeys(ctx context.Context, address string, log *slog.Logger) *remoteKeys {
	r := &remoteKeys{ctx: ctx, tried: make(chan struct{}),
		mayRefresh: rate.NewLimiter(rate.Every(jwksUnknownEvery), 1)}
	go r.load(address, log.With("jwks_url", withoutSecrets(address)))
	return r
}

// load tries until the first set is there; from then on keyfunc refreshes it.
func (r *remoteKeys) load(address string, log *slog.Logger) {
	first := sync.OnceFunc(func() { close(r.tried) })
	defer first()
	for wait := jwksFirstRetry; ; wait = min(2*wait, jwksLastRetry) {
		ctx, cancel := context.WithCancel(r.ctx)
		set, err := newKeySet(ctx, address, log)
		if err == nil {
			r.set.Store(&set)
			context.AfterFunc(r.ctx, cancel) // from here on keyfunc refreshes it until then
			log.Info("key set fetched")
			return
		}
		cancel() // keyfunc has begun to refresh what it couldn't fetch
		if r.ctx.Err() != nil {
			return
		}
		log.Warn("key set not fetched; client tokens signed by its keys are refused until it is",
			"error", cause(err, address), "retry_in", wait)
		first()
		select {
		case <-r.ctx.Done():
			return
		case <-time.After(wait):
		}
	}
}

func newKeySet(ctx context.Context, address string, log *slog.Logger) (keyfunc.Keyfunc, error) {
	failFirst := false
	return keyfunc.NewDefaultOverrideCtx(ctx, []string{address}, keyfunc.Override{
		Client:                    &http.Client{Transport: readable{http.DefaultTransport, log}, Timeout: jwksTimeout},
		HTTPTimeout:               jwksTimeout,
		NoErrorReturnFirstHTTPReq: &failFirst,
		RefreshInterval:           jwksRefresh,
		RefreshUnknownKID:         rate.NewLimiter(rate.Inf, 1), // find limits it, without a queue
		RateLimitWaitMax:          jwksTimeout,                  // the fetch's time, too
		ValidationSkipAll:         true,                         // matching sees what a key is for; one that is none verifies nothing
		RefreshErrorHandlerFunc: func(string) func(context.Context, error) {
			return func(_ context.Context, err error) {
				log.Warn("key set not refreshed; the last one stays in use", "error", cause(err, address))
			}
		},
	})
}

// find gives the keys for this algorithm that have this id, or all where the
// token names none. An id that isn't known makes the set be fetched anew, as
// seldom as jwksUnknownEvery says.
func (r *remoteKeys) find(alg, kid string) []crypto.PublicKey {
	set := r.loaded()
	if set == nil {
		return nil
	}
	if keys, known := matching(r.ctx, set, alg, kid); known {
		return keys
	}
	// One looks, the others wait for what it finds: after a rotation many clients
	// come with the new key at once.
	r.refresh.Lock()
	defer r.refresh.Unlock()
	if keys, known := matching(r.ctx, set, alg, kid); known || !r.mayRefresh.Allow() {
		return keys
	}
	_, _ = set.Storage().KeyRead(r.ctx, kid) // fetches; that it failed is logged
	keys, _ := matching(r.ctx, set, alg, kid)
	return keys
}

// loaded gives the set, or nil where the first attempt to fetch it has failed. It
// waits for an attempt that is under way.
func (r *remoteKeys) loaded() keyfunc.Keyfunc {
	set := r.set.Load()
	if set == nil {
		select {
		case <-r.tried:
		case <-r.ctx.Done():
		case <-time.After(jwksTimeout):
		}
		if set = r.set.Load(); set == nil {
			return nil
		}
	}
	return *set
}

// matching gives the keys of the set for this algorithm and id, and whether it
// has the id at all.
func matching(ctx context.Context, set keyfunc.Keyfunc, alg, kid string) (keys []crypto.PublicKey, known bool) {
	all, err := set.Storage().KeyReadAll(ctx)
	if err != nil {
		return nil, true
	}
	known = kid == ""
	for _, jwk := range all {
		m := jwk.Marshal()
		if kid != "" && m.KID != kid {
			continue
		}
		known = true
		key := jwk.Key()
		if private, ok := key.(interface{ Public() crypto.PublicKey }); ok {
			key = private.Public()
		}
		forSigning := m.USE == "" || m.USE == "sig"
		if forSigning && (m.ALG == "" || m.ALG.String() == alg) && algorithmOf(key) == alg {
			keys = append(keys, key)
		}
	}
	return keys, known
}

// readable leaves of an answer what keyfunc can read, at most maxJWKSBytes of it: keyfunc
// would read for as long as the server writes, and take no key where one is broken.
type readable struct {
	next http.RoundTripper
	log  *slog.Logger
}

func (t readable) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := t.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxJWKSBytes))
	if err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(t.keys(body)))
	return resp, nil
}

// keys is a key set without the keys that can't be read, as RFC 7517, section 5, asks, and
// without certificates, by which nothing is verified here.
func (t readable) keys(set []byte) []byte {
	var whole struct {
		Keys []map[string]json.RawMessage `json:"keys"`
	}
	if json.Unmarshal(set, &whole) != nil {
		return set // keyfunc says what is wrong with it
	}
	whole.Keys = slices.DeleteFunc(whole.Keys, func(key map[string]json.RawMessage) bool {
		maps.DeleteFunc(key, func(name string, _ json.RawMessage) bool { return strings.HasPrefix(name, "x5") })
		alone, err := json.Marshal(map[string]any{"keys": []any{key}})
		if err == nil {
			_, err = keyfunc.NewJWKSetJSON(alone)
		}
		if err != nil {
			t.log.Info("a key of the set can't be read, and isn't used", "kid", string(key["kid"]), "error", err)
		}
		return err != nil
	})
	kept, err := json.Marshal(whole)
	if err != nil {
		return set
	}
	return kept
}

// withoutSecrets is an address as it may be logged.
func withoutSecrets(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return hidden
	}
	return u.Scheme + "://" + u.Host + u.EscapedPath()
}

// cause is what a fetch failed of. net/http and keyfunc repeat the address, query
// and all.
func cause(err error, address string) string {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err.Error()
	}
	shown := withoutSecrets(address)
	return strings.NewReplacer(strconv.Quote(address), shown, address, shown).Replace(err.Error())
}
