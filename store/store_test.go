package store

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

func TestPutGetDelete(t *testing.T) {
	dir := t.TempDir()
	s := open(t, embedded(t, dir))
	keep(t, s.Put("c/1", []byte("one")))
	keep(t, s.Put("c/1", []byte("two")))
	keep(t, s.Put("e/1", nil))
	keep(t, s.Put("c/2", []byte("gone")))
	keep(t, s.Delete("c/2"))
	keep(t, s.Delete("c/never"))
	check := func() {
		t.Helper()
		if v, err := s.Get(t.Context(), "c/1"); err != nil || string(v) != "two" {
			t.Errorf("got %q, %v", v, err)
		}
		if v, err := s.Get(t.Context(), "e/1"); err != nil || len(v) != 0 {
			t.Errorf("the empty value: got %q, %v", v, err)
		}
		if _, err := s.Get(t.Context(), "c/2"); !errors.Is(err, ErrNotFound) {
			t.Errorf("the deleted one: got %v", err)
		}
		same(t, s, map[string]string{"c/1": "two", "e/1": ""})
		if n, b := s.Size("c/"); n != 1 || b == 0 {
			t.Errorf("c/: %d keys, %d bytes", n, b)
		}
		if n, _ := s.Size("c/1"); n != 1 {
			t.Errorf("c/1: %d keys", n)
		}
		if n, b := s.Size("x/"); n != 0 || b != 0 {
			t.Errorf("x/: %d keys, %d bytes", n, b)
		}
		consistent(t, s)
	}
	check()
	shut(t, s)
	s = open(t, embedded(t, dir))
	if r := s.Opened(); r.Records != 2 || r.Damage != "" || r.Took <= 0 {
		t.Errorf("report: %+v", r)
	}
	check()
}

// A store reads what it has just written, acknowledged or not.
func TestReadsItsOwnWrites(t *testing.T) {
	s := open(t, embedded(t, t.TempDir()))
	for i := range 2000 {
		key, want := fmt.Sprintf("k/%d", i%7), fmt.Sprint(i)
		s.Put(key, []byte(want))
		if v, err := s.Get(t.Context(), key); err != nil || string(v) != want {
			t.Fatalf("write %d: got %q, %v", i, v, err)
		}
		if i%3 == 0 {
			s.Delete(key)
			if _, err := s.Get(t.Context(), key); !errors.Is(err, ErrNotFound) {
				t.Fatalf("delete %d: got %v", i, err)
			}
		}
	}
}

// The value is copied: a caller may use its slice again.
func TestValueIsCopied(t *testing.T) {
	s := open(t, embedded(t, t.TempDir()))
	v := []byte("before")
	c := s.Put("k/1", v)
	copy(v, "after!")
	keep(t, c)
	if got, _ := s.Get(t.Context(), "k/1"); string(got) != "before" {
		t.Errorf("got %q", got)
	}
}

func TestSizesOfRecords(t *testing.T) {
	s := open(t, embedded(t, t.TempDir()))
	cases := []struct {
		name  string
		key   string
		value int
		want  error
	}{
		{"empty", "k/0", 0, nil},
		{"gathered", "k/1", gathered, nil},
		{"largest", "k/2", s.maxRecord() - recordSize("k/2", 0), nil},
		{"one more", "k/3", s.maxRecord() - recordSize("k/3", 0) + 1, ErrTooLarge},
		{"what is said to be the largest", strings.Repeat("k", keyRoom), s.Largest(), nil},
		{"9 MiB", "k/4", 9 << 20, ErrTooLarge},
		{"long key", strings.Repeat("k", 9<<20), 0, ErrTooLarge},
		{"no key", "", 1, ErrNoKey},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			err := s.Put(c.key, make([]byte, c.value)).Wait(t.Context())
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

// Records of many MiB outlive a restart, compaction, and the loss of a part of the
// log around them.
func TestLargeRecordsOutliveEverything(t *testing.T) {
	o := embedded(t, t.TempDir())
	s := open(t, o)
	large := func(i int) string { return strings.Repeat(strconv.Itoa(i), s.Largest()) }
	for i := range 4 {
		keep(t, s.Put(fmt.Sprint("k/", i), []byte(large(i))))
		keep(t, s.Put(fmt.Sprint("s/", i), []byte("small")))
	}
	whole := func(s *Store, want ...int) {
		t.Helper()
		for _, i := range want {
			if v, err := s.Get(t.Context(), fmt.Sprint("k/", i)); err != nil || string(v) != large(i) {
				t.Errorf("record %d: %d bytes, %v", i, len(v), err)
			}
		}
	}
	whole(s, 0, 1, 2, 3)
	shut(t, s)
	s = open(t, o)
	whole(s, 0, 1, 2, 3)
	for i := range 3 { // what was there is garbage now
		keep(t, s.Put(fmt.Sprint("k/", i), []byte(large(i))))
	}
	whole(s, 0, 1, 2, 3)
	shut(t, s)
	s = open(t, o)
	whole(s, 0, 1, 2, 3)
	if err := s.Scan("k/", func(_ string, value []byte) error {
		if len(value) != s.Largest() {
			t.Errorf("a value of %d bytes", len(value))
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
	shut(t, s)
}

// Random writes give what a map would, across restarts, kills and compaction.
func TestAsAMap(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	for _, sync := range []time.Duration{0, 100 * time.Millisecond} {
		t.Run(fmt.Sprintf("sync %v", sync), func(t *testing.T) {
			o := embedded(t, t.TempDir())
			o.Sync, o.MaxBytes = sync, 4<<20
			s := open(t, o)
			want := make(map[string]string)
			for range 12 {
				for range 500 {
					key := fmt.Sprintf("%c/%03d", 'a'+r.IntN(3), r.IntN(150))
					if r.IntN(3) == 0 {
						s.Delete(key)
						delete(want, key)
						continue
					}
					value := strings.Repeat(fmt.Sprint(r.IntN(10)), r.IntN(3000))
					s.Put(key, []byte(value))
					if used, limit := s.Usage(); used > limit*3/4 {
						// Compaction must get its turn.
						eventually(t, "room again", func() bool { used, limit := s.Usage(); return used < limit*5/8 })
					}
					want[key] = value
				}
				want["z/last"] = fmt.Sprint(len(want))
				keep(t, s.Put("z/last", []byte(want["z/last"]))) // and so all before it
				same(t, s, want)
				consistent(t, s)
				if r.IntN(2) == 0 {
					shut(t, s)
				} else {
					o.Dir = killed(t, o.Dir)
					shut(t, s)
				}
				s = open(t, o)
				if d := s.Opened().Damage; d != "" {
					t.Fatalf("damage: %s", d)
				}
				same(t, s, want)
			}
		})
	}
}

func TestOneProcessAtATime(t *testing.T) {
	o := embedded(t, t.TempDir())
	s := open(t, o)
	if other, err := Open(t.Context(), o); !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), o.Dir) {
		if err == nil {
			_ = other.Close(t.Context())
		}
		t.Errorf("got %v, want ErrLocked with the directory", err)
	}
	keep(t, s.Put("k/1", nil))
	shut(t, s)
	open(t, o)
}

func TestAfterClose(t *testing.T) {
	s := open(t, embedded(t, t.TempDir()))
	c := s.Put("k/1", nil)
	shut(t, s)
	if err := c.Wait(t.Context()); err != nil {
		t.Errorf("what waited at Close: %v", err)
	}
	if err := s.Put("k/2", nil).Wait(t.Context()); !errors.Is(err, ErrClosed) {
		t.Errorf("put: %v", err)
	}
	if err := s.Delete("k/1").Wait(t.Context()); !errors.Is(err, ErrClosed) {
		t.Errorf("delete: %v", err)
	}
	if err := s.Close(t.Context()); !errors.Is(err, ErrClosed) {
		t.Errorf("second close: %v", err)
	}
}

// Memory for what waits is bounded: over it a put fails, and later ones don't.
func TestPendingIsBounded(t *testing.T) {
	s := open(t, embedded(t, t.TempDir()))
	value := make([]byte, 900<<10)
	var refused int
	for i := range 400 {
		c := s.Put(fmt.Sprintf("k/%d", i%10), value)
		select {
		case <-c.Done():
			if errors.Is(c.err, ErrFull) {
				refused++
			}
		default:
		}
		s.mu.Lock()
		pending := s.pending
		s.mu.Unlock()
		if pending > maxPending {
			t.Fatalf("%d bytes wait", pending)
		}
	}
	if refused == 0 {
		t.Error("no put was refused")
	}
	eventually(t, "takes puts again", func() bool { return s.Put("k/again", nil).Wait(t.Context()) == nil })
	consistent(t, s)
}

// MaxBytes bounds the log; deletes go through and make room.
func TestMaxBytes(t *testing.T) {
	o := embedded(t, t.TempDir())
	o.MaxBytes = 2 << 20
	s := open(t, o)
	value := make([]byte, 50<<10)
	var err error
	n := 0
	for ; err == nil && n < 100; n++ {
		err = s.Put(fmt.Sprintf("k/%03d", n), value).Wait(t.Context())
	}
	if !errors.Is(err, ErrFull) {
		t.Fatalf("got %v after %d puts", err, n)
	}
	if err := s.Health(); !errors.Is(err, ErrFull) {
		t.Errorf("health: %v", err)
	}
	if used, limit := s.Usage(); used > limit {
		t.Errorf("%d of %d bytes", used, limit)
	}
	for i := range n / 2 {
		keep(t, s.Delete(fmt.Sprintf("k/%03d", i)))
	}
	eventually(t, "healthy again", func() bool { return s.Health() == nil })
	keep(t, s.Put("k/new", value))
	consistent(t, s)
}

// A server that gives up, or is gone, is replaced; what was kept stays.
func TestServerReplaced(t *testing.T) {
	cases := []struct {
		name string
		hurt func(s *Store)
	}{
		{"write error", func(s *Store) { s.engine.log.Errorf("critical write error: read-only file system") }},
		{"shut down", func(s *Store) { s.engine.Shutdown() }},
		{"JetStream off", func(s *Store) { _ = s.engine.DisableJetStream() }},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := open(t, embedded(t, t.TempDir()))
			want := map[string]string{"k/before": "1"}
			keep(t, s.Put("k/before", []byte("1")))
			c.hurt(s)
			eventually(t, "writes are kept again", func() bool {
				err := s.Put("k/after", []byte("2")).Wait(t.Context())
				if err != nil && !errors.Is(err, ErrUnavailable) {
					t.Fatalf("got %v, want ErrUnavailable", err)
				}
				return err == nil
			})
			want["k/after"] = "2"
			eventually(t, "healthy", func() bool { return s.Health() == nil })
			same(t, s, want)
			consistent(t, s)
		})
	}
}

// A message that reached the disk though its writes had failed doesn't count
// when the server comes back with it.
func TestGivenUpBeforeARestart(t *testing.T) {
	o := embedded(t, t.TempDir())
	s := open(t, o)
	keep(t, s.Put("k/1", []byte("kept")))
	late := make([]byte, headSize)
	writeHead(late, s.token+1, s.good)
	late = appendRecord(late, opPut, "k/1", []byte("given up"))
	l := s.link.Load()
	if err := l.nc.Publish(l.subject(), late); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it is in the stream", func() bool { st, err := l.state(t.Context()); return err == nil && st.LastSeq == s.last+1 })
	s.engine.log.Errorf("critical write error: input/output error")
	eventually(t, "the server is replaced", func() bool { return s.link.Load() != l && s.Health() == nil })
	want := map[string]string{"k/1": "kept"}
	same(t, s, want)
	consistent(t, s)
	keep(t, s.Put("k/2", nil))
	shut(t, s)
	want["k/2"] = ""
	same(t, open(t, o), want)
}

func TestMetrics(t *testing.T) {
	o := embedded(t, t.TempDir())
	reg := prometheus.NewRegistry()
	o.Registerer = reg
	s := open(t, o)
	keep(t, s.Put("k/1", []byte("v")))
	want := "# HELP gatepost_store_records Live records.\n# TYPE gatepost_store_records gauge\ngatepost_store_records 1\n"
	if err := testutil.GatherAndCompare(reg, strings.NewReader(want), "gatepost_store_records"); err != nil {
		t.Error(err)
	}
	if problems, err := testutil.GatherAndLint(reg); err != nil || len(problems) > 0 {
		t.Error(problems, err)
	}
	shut(t, s)
	open(t, o) // registers again
}

// A second store where the metrics of a first one are is refused, and takes none of
// them away.
func TestMetricsOfAnotherStore(t *testing.T) {
	reg := prometheus.NewRegistry()
	first := embedded(t, t.TempDir())
	first.Registerer = reg
	open(t, first)
	before, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	second := embedded(t, t.TempDir())
	second.Registerer = reg
	if _, err := Open(t.Context(), second); err == nil {
		t.Error("two stores have the same metrics")
	}
	if after, err := reg.Gather(); err != nil || len(after) != len(before) {
		t.Errorf("%d of %d metrics are left, %v", len(after), len(before), err)
	}
}
