package auth

import (
	"crypto/sha256"
	"sync"
	"time"
)

const (
	maxCachedTokens = 4096
	// maxCachedFor is how long a verdict holds at most, so that a key that was
	// taken out of a JWKS doesn't live on here.
	maxCachedFor = 5 * time.Minute
)

// tokenCache remembers verified API tokens, so that a backend that pushes with
// one token pays for its signature once. Its keys are digests: what an attacker
// can learn from the time of a look-up says nothing of a token.
//
// It holds two generations of at most half its size. A full one becomes the old
// one, and what is used there moves on: the seldom used go first.
type tokenCache struct {
	half int

	mu         sync.RWMutex // guards the following fields
	young, old map[[sha256.Size]byte]cachedToken
}

type cachedToken struct {
	token *APIToken
	until time.Time
}

func newTokenCache(size int) *tokenCache {
	return &tokenCache{half: size / 2, young: map[[sha256.Size]byte]cachedToken{}}
}

func (c *tokenCache) get(digest [sha256.Size]byte, now time.Time) (*APIToken, bool) {
	c.mu.RLock()
	entry, isYoung := c.young[digest]
	if !isYoung {
		entry = c.old[digest]
	}
	c.mu.RUnlock()
	if entry.token == nil || !now.Before(entry.until) {
		return nil, false
	}
	if !isYoung {
		c.store(digest, entry)
	}
	return entry.token, true
}

// put keeps a token until it expires, but no longer than maxCachedFor.
func (c *tokenCache) put(digest [sha256.Size]byte, token *APIToken, now, expires time.Time) {
	if latest := now.Add(maxCachedFor); expires.After(latest) {
		expires = latest
	}
	c.store(digest, cachedToken{token, expires})
}

func (c *tokenCache) store(digest [sha256.Size]byte, entry cachedToken) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, known := c.young[digest]; !known && len(c.young) >= c.half {
		c.old, c.young = c.young, make(map[[sha256.Size]byte]cachedToken, c.half)
	}
	c.young[digest] = entry
}
