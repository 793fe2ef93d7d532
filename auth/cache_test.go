package auth

import (
	"crypto/sha256"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

func key(i int) [sha256.Size]byte { return sha256.Sum256([]byte(strconv.Itoa(i))) }

func TestCachedTokensDieWithTheirExp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tokens := newTokens(t, Config{Secrets: []string{testSecret}})
		token := hs256(t, testSecret, apiClaims(jwt.MapClaims{"exp": time.Now().Add(2 * time.Minute).Unix()}))
		first, err := tokens.VerifyAPI(token)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(3*time.Minute - time.Second)
		second, err := tokens.VerifyAPI(token)
		if err != nil || second != first {
			t.Errorf("within its life: got %p, %v; want the cached %p", second, err, first)
		}
		time.Sleep(time.Second)
		_, err = tokens.VerifyAPI(token)
		wantUnauthorized(t, "after exp and leeway", err, "exp", token)
	})
}

func TestCachedVerdictsAreLookedAtAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tokens := newTokens(t, Config{Secrets: []string{testSecret}})
		token := hs256(t, testSecret, apiClaims(nil))
		first, err := tokens.VerifyAPI(token)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(maxCachedFor)
		if again, err := tokens.VerifyAPI(token); err != nil || again == first {
			t.Errorf("after %v: got %p, %v; want another than %p", maxCachedFor, again, err, first)
		}
	})
}

func TestTheCacheTellsTokensApart(t *testing.T) {
	tokens := newTokens(t, Config{Secrets: []string{testSecret}})
	good := hs256(t, testSecret, apiClaims(nil))
	if _, err := tokens.VerifyAPI(good); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{good + "A", good[:len(good)-1], good[:len(good)-1] + nextBase64(good[len(good)-1])} {
		_, err := tokens.VerifyAPI(bad)
		wantUnauthorized(t, "beside a cached token", err, "", bad)
	}
	// What opens the API doesn't open the other door.
	_, err := tokens.VerifyClient(good)
	wantUnauthorized(t, "a cached API token as client token", err, "aud", good)
}

func TestTheCacheIsBoundedAndKeepsWhatIsUsed(t *testing.T) {
	const size = 100
	c := newTokenCache(size)
	now := time.Now()
	used := &APIToken{}
	c.put(key(-1), used, now, now.Add(time.Hour))
	for i := range 10 * size {
		c.put(key(i), &APIToken{}, now, now.Add(time.Hour))
		if i%10 == 0 {
			if got, ok := c.get(key(-1), now); !ok || got != used {
				t.Fatalf("the token in use is gone after %d others", i)
			}
		}
	}
	if n := len(c.young) + len(c.old); n > size {
		t.Errorf("holds %d tokens, want at most %d", n, size)
	}
	if _, ok := c.get(key(0), now); ok {
		t.Error("a token that nobody uses is still there")
	}
}

func TestBoundTokensLeaveTheCacheToOthers(t *testing.T) {
	tokens := newTokens(t, Config{Secrets: []string{testSecret}})
	for _, claim := range []string{"htm", "htu"} {
		if _, err := tokens.VerifyAPI(hs256(t, testSecret, apiClaims(jwt.MapClaims{claim: "x"}))); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(tokens.cache.young); n != 0 {
		t.Errorf("holds %d tokens, want none", n)
	}
}

func BenchmarkVerifyAPI(b *testing.B) {
	tokens, err := NewTokens(b.Context(), Config{Secrets: []string{testSecret}}, quiet)
	if err != nil {
		b.Fatal(err)
	}
	token, err := tokens.SignAPI("push:group:news-*", time.Hour, CallBinding{})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := tokens.VerifyAPI(token); err != nil {
				b.Fatal(err)
			}
		}
	})
}
