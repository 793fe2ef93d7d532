package store

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"gatepost/test/logs"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		writeUntilKilled(dir)
		return
	}
	goleak.VerifyTestMain(m,
		// nats-server keeps some that serve the whole process.
		goleak.IgnoreAnyFunction("github.com/nats-io/nats-server/v2/server/ats.init.0.func1"))
}

// embedded are options for a store in dir.
func embedded(t *testing.T, dir string) Options {
	t.Helper()
	return Options{Dir: dir, Node: "test", Sync: 200 * time.Millisecond, Logger: logs.Shown(t).Logger()}
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

func keep(t *testing.T, c *Commit) {
	t.Helper()
	if err := c.Wait(t.Context()); err != nil {
		t.Fatalf("commit: %v", err)
	}
}

// content is all that a store has.
func content(t *testing.T, s *Store) map[string]string {
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

// same fails unless the store has exactly what want has.
func same(t *testing.T, s *Store, want map[string]string) {
	t.Helper()
	got := content(t, s)
	for k, v := range want {
		if g, ok := got[k]; !ok {
			t.Errorf("%q is missing", k)
		} else if g != v {
			t.Errorf("%q: got %.40q, want %.40q", k, g, v)
		}
	}
	for k := range got {
		if _, ok := want[k]; !ok {
			t.Errorf("%q is there, and shouldn't be", k)
		}
	}
	if keys, _ := s.Size(""); keys != len(want) {
		t.Errorf("size says %d keys, want %d", keys, len(want))
	}
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
			if segment(key) != name {
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

// killed is a copy of the directory of a store that rests, as a killed process
// would leave it.
func killed(t *testing.T, dir string) string {
	t.Helper()
	var to string
	eventually(t, "the files rest", func() bool {
		to = filepath.Join(t.TempDir(), "killed")
		before := listing(t, dir)
		for name, info := range before {
			if info.IsDir() {
				continue
			}
			b, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				return false
			}
			if err := os.MkdirAll(filepath.Dir(filepath.Join(to, name)), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(to, name), b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		after := listing(t, dir)
		for name, info := range before {
			if now, ok := after[name]; !ok || now.Size() != info.Size() || now.ModTime() != info.ModTime() {
				return false
			}
		}
		return len(before) == len(after)
	})
	return to
}

func listing(t *testing.T, dir string) map[string]fs.FileInfo {
	t.Helper()
	all := make(map[string]fs.FileInfo)
	_ = filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return nil // it has just gone
		}
		if info, err := e.Info(); err == nil {
			rel, _ := filepath.Rel(dir, path)
			all[rel] = info
		}
		return nil
	})
	return all
}

// eventually waits until ok, at most 20 s.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("after 20 s still not: %s", what)
		}
	}
}

func contextWithTimeout(t *testing.T, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(t.Context(), d)
}
