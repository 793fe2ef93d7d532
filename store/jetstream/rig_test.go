package jetstream

import (
	"context"
	"testing"
	"time"

	"go.uber.org/goleak"

	"gatepost/store"
	"gatepost/test/storetest"
	"gatepost/test/wait"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		// nats-server keeps some that serve the whole process.
		goleak.IgnoreAnyFunction("github.com/nats-io/nats-server/v2/server/ats.init.0.func1"))
}

// open opens a store and closes it with the test, if the test doesn't.
func open(t *testing.T, o Options) *Store {
	t.Helper()
	s, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close(t.Context()) })
	return s
}

func shut(t *testing.T, s *Store) {
	t.Helper()
	if err := s.Close(t.Context()); err != nil {
		t.Fatalf("closing: %v", err)
	}
}

func keep(t *testing.T, c store.Commit) {
	t.Helper()
	storetest.Keep(t, c)
}

func same(t *testing.T, s *Store, want map[string]string) {
	t.Helper()
	storetest.Same(t, s, want)
}

// consistent checks the index's counters against what it holds.
func consistent(t *testing.T, s *Store) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	var used, live int64
	count := make(map[uint64]uint32)
	n := 0
	for name, b := range s.index.buckets {
		var bytes int64
		for key, p := range b.keys {
			if store.Segment(key) != name {
				t.Errorf("%q is in bucket %q", key, name)
			}
			count[p.seq]++
			bytes += int64(p.size)
			n++
		}
		if bytes != b.bytes {
			t.Errorf("bucket %q: %d bytes counted, %d there", name, b.bytes, bytes)
		}
		live += bytes
	}
	for _, m := range s.index.messages {
		used += int64(m.bytes)
		if m.live != count[m.seq] {
			t.Errorf("message %d: %d records counted, %d there", m.seq, m.live, count[m.seq])
		}
	}
	if used != s.index.used || live != s.index.live || n != s.index.records {
		t.Errorf("used %d live %d records %d; counted %d %d %d", used, live, n, s.index.used, s.index.live, s.index.records)
	}
	if len(s.waiting) == 0 && s.pending == 0 && (s.growing != 0 || len(s.fresh) != 0) {
		t.Errorf("nothing waits, but growing %d, fresh %d", s.growing, len(s.fresh))
	}
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	wait.For(t, what, ok)
}

func contextWithTimeout(t *testing.T, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(t.Context(), d)
}
