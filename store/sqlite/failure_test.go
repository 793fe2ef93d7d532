package sqlite

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"gatepost/store"
	"gatepost/test/storetest"
	"gatepost/test/wait"
)

// canceled has a Commit say at once how it stands.
func canceled(t *testing.T) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}

// A sync that fails takes the store down until all that it keeps is written anew: the
// system may have forgotten what it couldn't write, and says so only once.
func TestSyncThatFails(t *testing.T) {
	var fails atomic.Bool
	o := in(t, t.TempDir())
	o.Sync = 5 * time.Millisecond
	o.onSync = func() error {
		if fails.Swap(false) {
			return errors.New("as a test says")
		}
		return nil
	}
	s := open(t, o)
	want := map[string]string{}
	for i := range 500 {
		key := fmt.Sprintf("k/%03d", i)
		want[key] = strings.Repeat("v", i*10)
		s.Put(key, []byte(want[key]))
	}
	storetest.Keep(t, s.Put("k/last", nil))
	want["k/last"] = ""
	before := s.db
	fails.Store(true)
	wait.For(t, "the store goes down and comes back", func() bool {
		if err := s.Put("k/more", []byte("x")).Wait(t.Context()); err != nil && !errors.Is(err, store.ErrUnavailable) {
			t.Fatalf("got %v, want ErrUnavailable", err)
		}
		s.swap.RLock()
		defer s.swap.RUnlock()
		return s.db != before && s.Health() == nil
	})
	wait.For(t, "a put is kept again", func() bool { return s.Put("k/more", []byte("x")).Wait(t.Context()) == nil })
	want["k/more"] = "x"
	storetest.Same(t, s, want)
	o.Dir = killed(t, o.Dir)
	storetest.Same(t, open(t, o), want)
}

// While the disk fails writes fail at once, what is kept can be read, and it ends by
// itself; what was to be forgotten meanwhile is forgotten then, but for what was put again.
func TestWritesThatFail(t *testing.T) {
	var failing atomic.Pointer[error]
	o := in(t, t.TempDir())
	o.onWrite = func() error {
		if err := failing.Load(); err != nil {
			return *err
		}
		return nil
	}
	s := open(t, o)
	for _, key := range []string{"k/gone", "k/again", "k/stays"} {
		storetest.Keep(t, s.Put(key, []byte("v")))
	}
	broken := errors.New("as a test says")
	failing.Store(&broken)
	if err := s.Put("k/new", nil).Wait(t.Context()); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("got %v, want ErrUnavailable", err)
	}
	for _, key := range []string{"k/gone", "k/again"} {
		if err := s.Delete(key).Wait(canceled(t)); !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("a delete, while nothing is written: %v", err)
		}
	}
	if err := s.Health(); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("health: %v", err)
	}
	if v, err := s.Get(t.Context(), "k/stays"); err != nil || string(v) != "v" {
		t.Errorf("got %q, %v", v, err)
	}
	failing.Store(nil)
	wait.For(t, "the store is up", func() bool { return s.Health() == nil })
	storetest.Keep(t, s.Put("k/again", []byte("new")))
	want := map[string]string{"k/again": "new", "k/stays": "v"}
	wait.For(t, "the delete is made up for", func() bool { n, _ := s.Size("k/"); return n == len(want) })
	storetest.Same(t, s, want)
}

// Whoever only asks and writes, without waiting for a Commit, never waits for the disk.
func TestSlowDisk(t *testing.T) {
	slow, begun := make(chan struct{}), make(chan struct{}, 1)
	var isSlow atomic.Bool
	o := in(t, t.TempDir())
	o.onWrite = func() error {
		if isSlow.Load() {
			poke(begun)
			<-slow
		}
		return nil
	}
	s := open(t, o)
	storetest.Keep(t, s.Put("k/before", []byte("v")))
	isSlow.Store(true)
	c := s.Put("k/1", []byte("v"))
	<-begun
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range 1000 {
			s.Put(fmt.Sprint("k/", i), []byte("v"))
			s.Delete(fmt.Sprint("k/", i))
			s.Size("k/")
		}
		if err := s.Health(); err != nil {
			t.Error(err)
		}
		for _, key := range []string{"k/before", "k/1"} {
			_, _ = s.Get(t.Context(), key)
		}
		if err := s.Scan("k/", func(string, []byte) error { return nil }); err != nil {
			t.Error(err)
		}
	}()
	select {
	case <-done:
	case <-time.After(wait.Patience):
		t.Fatal("a call waits for the disk")
	}
	if err := c.Wait(canceled(t)); !errors.Is(err, context.Canceled) {
		t.Errorf("what the disk hasn't taken is %v", err)
	}
	isSlow.Store(false)
	close(slow)
	storetest.Keep(t, c)
}

// A store that is closed while the disk fails doesn't wait for it.
func TestCloseWhileDown(t *testing.T) {
	var fails atomic.Bool
	o := in(t, t.TempDir())
	o.onWrite = func() error {
		if fails.Load() {
			return errors.New("as a test says")
		}
		return nil
	}
	s := open(t, o)
	storetest.Keep(t, s.Put("k/1", []byte("v")))
	fails.Store(true)
	_ = s.Put("k/2", nil).Wait(t.Context())
	storetest.Shut(t, s)
	fails.Store(false)
	storetest.Same(t, open(t, o), map[string]string{"k/1": "v"})
}

// However long it is written to, the files stay small, and what is free is given back.
func TestFilesStaySmall(t *testing.T) {
	o := in(t, t.TempDir())
	s := open(t, o)
	files := func() int64 { // as of the last look, at most
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.files
	}
	const live = 500
	rounds := seeds(20) // 3600: an hour of 1,000 writes a second
	value := make([]byte, 4000)
	most := int64(0)
	for r := range rounds {
		for i := range live {
			s.Put(fmt.Sprintf("k/%d/%04d", r, i), value)
			if r > 0 {
				s.Delete(fmt.Sprintf("k/%d/%04d", r-1, i))
			}
		}
		storetest.Keep(t, s.Put("k/last", nil))
		most = max(most, files())
	}
	if bound := tooLong + 4*live*(int64(len(value))+200); most > bound {
		t.Errorf("the files of %d bytes took %d", live*len(value), most)
	}
	for i := range live {
		s.Delete(fmt.Sprintf("k/%d/%04d", rounds-1, i))
	}
	wait.For(t, "what is free is given back", func() bool { return freePages(t, s) <= idlePages })
	t.Logf("at most %d KiB for %d KiB, in the end %d KiB", most>>10, live*len(value)>>10, files()>>10)
}

func freePages(t *testing.T, s *Store) int64 {
	t.Helper()
	s.swap.RLock()
	defer s.swap.RUnlock()
	s.reading.Lock()
	defer s.reading.Unlock()
	n, err := s.db.reader.number("pragma freelist_count")
	if err != nil {
		t.Fatal(err)
	}
	return n
}
