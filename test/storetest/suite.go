// Package storetest is what every engine of package store must do, as tests.
package storetest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"gatepost/store"
	"gatepost/test/wait"
)

// Engine is an engine to be tested.
type Engine struct {
	// Place makes a new place for a store.
	Place func(t *testing.T) string
	// Open opens the store of a place, with this bound in bytes; 0: the engine's own.
	// It is closed with the test, if the test doesn't.
	Open func(t *testing.T, place string, most int64) store.Store
	// Outlives says that what was kept is there when a place is opened again, and
	// that the store has a bound.
	Outlives bool
}

// Run runs the suite.
func Run(t *testing.T, e Engine) {
	for name, test := range map[string]func(*testing.T, Engine){
		"put, get, delete":      putGetDelete,
		"reads its own writes":  readsItsOwnWrites,
		"copies values":         copiesValues,
		"sizes of records":      sizesOfRecords,
		"as a map":              asAMap,
		"many writers":          manyWriters,
		"a scan that writes":    scanThatWrites,
		"unusual keys":          unusualKeys,
		"after close":           afterClose,
		"its bound":             itsBound,
		"what waits is bounded": waitingIsBounded,
	} {
		t.Run(name, func(t *testing.T) { test(t, e) })
	}
}

// Keep fails the test unless a write is kept.
func Keep(t *testing.T, c store.Commit) {
	t.Helper()
	if err := c.Wait(t.Context()); err != nil {
		t.Fatalf("commit: %v", err)
	}
}

// Shut closes a store.
func Shut(t *testing.T, s store.Store) {
	t.Helper()
	if err := s.Close(t.Context()); err != nil {
		t.Fatalf("closing: %v", err)
	}
}

// Content is all that a store has; the test fails if it comes out of order.
func Content(t *testing.T, s store.Store) map[string]string {
	t.Helper()
	all := make(map[string]string)
	last := ""
	err := s.Scan("", func(key string, value []byte) error {
		if key <= last {
			return fmt.Errorf("%q comes after %q", key, last)
		}
		last, all[key] = key, string(value)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// Same fails the test unless the store has exactly this, and says so.
func Same(t *testing.T, s store.Store, want map[string]string) {
	t.Helper()
	got := Content(t, s)
	keys, bytes := map[string]int{}, map[string]int64{}
	for k, v := range want {
		if g, ok := got[k]; !ok {
			t.Errorf("%q is missing", k)
		} else if g != v {
			t.Errorf("%q: got %.40q, want %.40q", k, g, v)
		}
		keys[""]++
		bytes[""] += int64(len(k) + len(v))
		if prefix := store.Segment(k); prefix != "" {
			keys[prefix]++
			bytes[prefix] += int64(len(k) + len(v))
		}
	}
	for k := range got {
		if _, ok := want[k]; !ok {
			t.Errorf("%q is there, and shouldn't be", k)
		}
	}
	for prefix := range keys {
		// An engine may count what it needs beside keys and values.
		if n, b := s.Size(prefix); n != keys[prefix] || b < bytes[prefix] || b > bytes[prefix]+32*int64(n) {
			t.Errorf("%q has %d keys of %d bytes, want %d of %d", prefix, n, b, keys[prefix], bytes[prefix])
		}
	}
}

func putGetDelete(t *testing.T, e Engine) {
	place := e.Place(t)
	s := e.Open(t, place, 0)
	Keep(t, s.Put("c/1", []byte("one")))
	Keep(t, s.Put("c/1", []byte("two")))
	Keep(t, s.Put("e/1", nil))
	Keep(t, s.Put("c/2", []byte("gone")))
	Keep(t, s.Delete("c/2"))
	Keep(t, s.Delete("c/never"))
	check := func() {
		t.Helper()
		if v, err := s.Get(t.Context(), "c/1"); err != nil || string(v) != "two" {
			t.Errorf("got %q, %v", v, err)
		}
		if v, err := s.Get(t.Context(), "e/1"); err != nil || len(v) != 0 {
			t.Errorf("the empty value: got %q, %v", v, err)
		}
		if _, err := s.Get(t.Context(), "c/2"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("the deleted one: got %v", err)
		}
		Same(t, s, map[string]string{"c/1": "two", "e/1": ""})
		if n, b := s.Size("x/"); n != 0 || b != 0 {
			t.Errorf("x/: %d keys, %d bytes", n, b)
		}
	}
	check()
	if e.Outlives {
		Shut(t, s)
		s = e.Open(t, place, 0)
		check()
	}
}

// A store reads what it has just written, kept or not.
func readsItsOwnWrites(t *testing.T, e Engine) {
	s := e.Open(t, e.Place(t), 0)
	for i := range 2000 {
		key, want := fmt.Sprintf("k/%d", i%7), fmt.Sprint(i)
		s.Put(key, []byte(want))
		if v, err := s.Get(t.Context(), key); err != nil || string(v) != want {
			t.Fatalf("write %d: got %q, %v", i, v, err)
		}
		if i%3 == 0 {
			s.Delete(key)
			if _, err := s.Get(t.Context(), key); !errors.Is(err, store.ErrNotFound) {
				t.Fatalf("delete %d: got %v", i, err)
			}
		}
	}
}

// A caller may use its slice again, and change what it got.
func copiesValues(t *testing.T, e Engine) {
	s := e.Open(t, e.Place(t), 0)
	v := []byte("before")
	c := s.Put("k/1", v)
	copy(v, "after!")
	Keep(t, c)
	for range 2 {
		got, err := s.Get(t.Context(), "k/1")
		if err != nil || string(got) != "before" {
			t.Fatalf("got %q, %v", got, err)
		}
		copy(got, "after!")
	}
}

func sizesOfRecords(t *testing.T, e Engine) {
	s := e.Open(t, e.Place(t), 0)
	for _, c := range []struct {
		name  string
		key   string
		value int
		want  error
	}{
		{"empty", "k/0", 0, nil},
		{"of many pages", "k/1", 512 << 10, nil},
		{"the largest", strings.Repeat("k", 1<<10), s.Largest(), nil},
		{"9 MiB", "k/4", 9 << 20, store.ErrTooLarge},
		{"no key", "", 1, store.ErrNoKey},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := s.Put(c.key, make([]byte, c.value)).Wait(t.Context())
			if !e.Outlives && c.want != nil {
				return // memory takes all
			}
			if !errors.Is(err, c.want) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
			if c.want != nil {
				return
			}
			if v, err := s.Get(t.Context(), c.key); err != nil || len(v) != c.value {
				t.Errorf("got %d bytes, %v", len(v), err)
			}
		})
	}
}

// Random writes give what a map would, across restarts.
func asAMap(t *testing.T, e Engine) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	place := e.Place(t)
	s := e.Open(t, place, 4<<20)
	want := make(map[string]string)
	for range 8 {
		for range 500 {
			key := fmt.Sprintf("%c/%03d", 'a'+r.IntN(3), r.IntN(150))
			if r.IntN(3) == 0 {
				s.Delete(key)
				delete(want, key)
				continue
			}
			value := strings.Repeat(fmt.Sprint(r.IntN(10)), r.IntN(3000))
			if c := s.Put(key, []byte(value)); errors.Is(c.Wait(canceled), store.ErrFull) {
				// What was replaced takes its time to go.
				wait.For(t, "room again", func() bool { return s.Put(key, []byte(value)).Wait(t.Context()) == nil })
			}
			want[key] = value
		}
		want["z/last"] = fmt.Sprint(len(want))
		wait.For(t, "the last write is kept, and so all before it", func() bool {
			return s.Put("z/last", []byte(want["z/last"])).Wait(t.Context()) == nil
		})
		Same(t, s, want)
		if e.Outlives {
			Shut(t, s)
			s = e.Open(t, place, 4<<20)
			Same(t, s, want)
		}
	}
}

// Writers of keys of their own don't disturb each other, and each reads its own.
func manyWriters(t *testing.T, e Engine) {
	s := e.Open(t, e.Place(t), 0)
	var all sync.WaitGroup
	for w := range 8 {
		all.Go(func() {
			for i := range 300 {
				key := fmt.Sprintf("w/%d/%d", w, i%20)
				c := s.Put(key, fmt.Append(nil, i))
				if i%50 == 0 {
					if err := c.Wait(t.Context()); err != nil {
						t.Error(err)
					}
				}
				if v, err := s.Get(t.Context(), key); err != nil || string(v) != fmt.Sprint(i) {
					t.Errorf("%s: got %q, %v, want %d", key, v, err, i)
				}
			}
		})
	}
	all.Wait()
	Keep(t, s.Put("z/last", nil))
	if n := len(Content(t, s)); n != 8*20+1 {
		t.Errorf("%d keys", n)
	}
}

func scanThatWrites(t *testing.T, e Engine) {
	s := e.Open(t, e.Place(t), 0)
	const n = 3000
	for i := range n {
		s.Put(fmt.Sprintf("a/%04d", i), fmt.Append(nil, i))
	}
	s.Put("b/1", nil)
	seen := 0
	err := s.Scan("a/", func(key string, _ []byte) error {
		seen++
		s.Delete(key)
		s.Put("b/"+key, nil)
		return nil
	})
	if err != nil || seen != n {
		t.Errorf("%d keys, %v", seen, err)
	}
	Keep(t, s.Put("z/last", nil))
	if a, _ := s.Size("a/"); a != 0 {
		t.Errorf("%d keys are left", a)
	}
	if b, _ := s.Size("b/"); b != n+1 {
		t.Errorf("%d keys were written", b)
	}
	stop := errors.New("enough")
	if err := s.Scan("b/", func(string, []byte) error { return stop }); err != stop {
		t.Errorf("a scan that was ended says %v", err)
	}
}

func unusualKeys(t *testing.T, e Engine) {
	s := e.Open(t, e.Place(t), 0)
	want := map[string]string{}
	for _, key := range []string{"no segment", "a/b/c", "a/", "'; drop table records; --", "ü/ö", "%/_", "a/\x7f", strings.Repeat("k", 1<<10)} {
		want[key] = "value of " + key
		s.Put(key, []byte(want[key]))
	}
	Keep(t, s.Put("last", nil))
	want["last"] = ""
	Same(t, s, want)
}

func afterClose(t *testing.T, e Engine) {
	if !e.Outlives {
		t.Skip("memory is never closed")
	}
	s := e.Open(t, e.Place(t), 0)
	c := s.Put("k/1", nil)
	Shut(t, s)
	if err := c.Wait(t.Context()); err != nil {
		t.Errorf("what waited at Close: %v", err)
	}
	if err := s.Put("k/2", nil).Wait(t.Context()); !errors.Is(err, store.ErrClosed) {
		t.Errorf("put: %v", err)
	}
	if err := s.Delete("k/1").Wait(t.Context()); !errors.Is(err, store.ErrClosed) {
		t.Errorf("delete: %v", err)
	}
	if err := s.Close(t.Context()); !errors.Is(err, store.ErrClosed) {
		t.Errorf("second close: %v", err)
	}
}

// A store that has reached its bound refuses puts and says so; deletes go through
// and make room.
func itsBound(t *testing.T, e Engine) {
	if !e.Outlives {
		t.Skip("memory has no bound")
	}
	s := e.Open(t, e.Place(t), 2<<20)
	value := make([]byte, 50<<10)
	var err error
	n := 0
	for ; err == nil && n < 100; n++ {
		err = s.Put(fmt.Sprintf("k/%03d", n), value).Wait(t.Context())
	}
	if !errors.Is(err, store.ErrFull) {
		t.Fatalf("got %v after %d puts", err, n)
	}
	if err := s.Health(); !errors.Is(err, store.ErrFull) {
		t.Errorf("health: %v", err)
	}
	for i := range n / 2 {
		Keep(t, s.Delete(fmt.Sprintf("k/%03d", i)))
	}
	wait.For(t, "healthy again", func() bool { return s.Health() == nil })
	Keep(t, s.Put("k/new", value))
}

// Memory for what waits is bounded: over it a put fails, and later ones don't.
func waitingIsBounded(t *testing.T, e Engine) {
	if !e.Outlives {
		t.Skip("in memory nothing waits")
	}
	s := e.Open(t, e.Place(t), 0)
	value := make([]byte, 900<<10)
	refused := false
	for i := range 400 {
		if errors.Is(s.Put(fmt.Sprintf("k/%d", i%10), value).Wait(canceled), store.ErrFull) {
			refused = true
		}
	}
	if !refused {
		t.Error("no put was refused")
	}
	wait.For(t, "takes puts again", func() bool { return s.Put("k/again", nil).Wait(t.Context()) == nil })
}
