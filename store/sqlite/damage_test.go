package sqlite

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gatepost/store"
	"gatepost/test/storetest"
	"gatepost/test/wait"
)

// Whatever pages are damaged: the store opens, says so where anything is lost, gives
// nothing that was never there, works, and finds nothing wrong at the next start.
func TestRandomDamage(t *testing.T) {
	rounds := seeds(20)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	whole := in(t, t.TempDir())
	s := open(t, whole)
	want := map[string]string{}
	for i := range 400 {
		key := fmt.Sprintf("%c/%03d", 'a'+i%3, i)
		want[key] = strings.Repeat(fmt.Sprint(i), r.IntN(400))
		s.Put(key, []byte(want[key]))
		if i%4 == 3 {
			s.Delete(key)
			delete(want, key)
		}
	}
	for i := range 3 {
		key := fmt.Sprint("l/", i)
		want[key] = strings.Repeat("l", 50_000)
		s.Put(key, []byte(want[key]))
	}
	storetest.Keep(t, s.Put("z/last", nil))
	want["z/last"] = ""
	storetest.Shut(t, s)
	content, err := os.ReadFile(Database(whole.Dir))
	if err != nil {
		t.Fatal(err)
	}
	pages := len(content) / pageSize
	saved := 0
	for range rounds {
		damaged := append([]byte{}, content...)
		at := r.IntN(pages) * pageSize
		how := [...]func(page []byte){
			func(page []byte) { clear(page) },
			func(page []byte) { page[r.IntN(len(page))] ^= byte(1 + r.IntN(255)) },
			func(page []byte) { copy(page, damaged[r.IntN(pages)*pageSize:][:pageSize]) },
			func(page []byte) {
				for i := range page {
					page[i] = byte(r.Uint32())
				}
			},
		}[r.IntN(4)]
		how(damaged[at : at+pageSize])
		o := in(t, filepath.Join(t.TempDir(), "store"))
		o.Logger = nil
		if err := os.Mkdir(o.Dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(Database(o.Dir), damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := Open(o)
		if err != nil {
			t.Fatalf("page %d: %v", at/pageSize, err)
		}
		got := storetest.Content(t, s)
		for key, value := range got {
			if want[key] != value {
				t.Errorf("page %d: %s is %.40q, want %.40q", at/pageSize, key, value, want[key])
			}
		}
		if len(got) < len(want) && s.Opened().Damage == "" {
			t.Errorf("page %d: %d of %d records are there, and nothing is said", at/pageSize, len(got), len(want))
		}
		saved += len(got)
		storetest.Keep(t, s.Put("new/1", []byte("v")))
		got["new/1"] = "v"
		for key := range got {
			if r.IntN(2) == 0 {
				s.Delete(key)
				delete(got, key)
			}
		}
		storetest.Shut(t, s)
		if s, err = Open(o); err != nil {
			t.Fatal(err)
		}
		if d := s.Opened().Damage; d != "" {
			t.Errorf("page %d: the next start says %s", at/pageSize, d)
		}
		storetest.Same(t, s, got)
		storetest.Shut(t, s)
	}
	t.Logf("%d pages; of %d records %.1f %% were there on average", pages, len(want), 100*float64(saved)/float64(rounds*len(want)))
	if saved < rounds*len(want)*3/4 {
		t.Error("too few were saved")
	}
}

// A file that is none of ours at all, or only its beginning.
func TestFilesThatAreNone(t *testing.T) {
	for name, content := range map[string]func(whole []byte) []byte{
		"garbage": func(whole []byte) []byte { return []byte(strings.Repeat("garbage ", len(whole)/8)) },
		"cut off": func(whole []byte) []byte { return whole[:len(whole)/2+100] },
		"a bit":   func(whole []byte) []byte { return whole[:50] },
	} {
		t.Run(name, func(t *testing.T) {
			o := in(t, t.TempDir())
			s := open(t, o)
			for i := range 500 {
				s.Put(fmt.Sprintf("k/%03d", i), make([]byte, 500))
			}
			storetest.Shut(t, s)
			whole, err := os.ReadFile(Database(o.Dir))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(Database(o.Dir), content(whole), 0o600); err != nil {
				t.Fatal(err)
			}
			s = open(t, o)
			if s.Opened().Damage == "" {
				t.Error("nothing is said")
			}
			t.Logf("%d records are left: %s", s.Opened().Records, s.Opened().Damage)
			storetest.Keep(t, s.Put("k/new", nil))
			storetest.Shut(t, s)
			if d := open(t, o).Opened().Damage; d != "" {
				t.Errorf("the next start says %s", d)
			}
			if aside, _ := filepath.Glob(Database(o.Dir) + ".damaged-*"); len(aside) == 0 {
				t.Error("the old file isn't set aside")
			}
		})
	}
}

// Damage that is come upon while the store is in use is mended, too.
func TestDamageWhileOpen(t *testing.T) {
	o := in(t, t.TempDir())
	s := open(t, o)
	storetest.Keep(t, s.Put("k/1", []byte("v")))
	s.breaks(fmt.Errorf("as a test says: %w", errDamage))
	wait.For(t, "it was salvaged", func() bool {
		aside, _ := filepath.Glob(Database(o.Dir) + ".damaged-*")
		return len(aside) > 0 && s.Health() == nil
	})
	storetest.Keep(t, s.Put("k/2", []byte("v")))
	storetest.Same(t, s, map[string]string{"k/1": "v", "k/2": "v"})
}

// The log of a process that was killed may be damaged as well: what comes before is
// there, and that something is missing is said.
func TestDamagedLog(t *testing.T) {
	o := in(t, t.TempDir())
	s := open(t, o)
	for i := range 100 {
		storetest.Keep(t, s.Put(fmt.Sprintf("k/%03d", i), make([]byte, 100)))
	}
	dir := killed(t, o.Dir)
	log := Database(dir) + "-wal"
	b, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	if n := cutOff(log); n != 0 {
		t.Errorf("of a whole log %d pages are cut off", n)
	}
	b[len(b)/2] ^= 1
	if err := os.WriteFile(log, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if cutOff(log) == 0 {
		t.Error("the damage isn't seen")
	}
	o.Dir = dir
	got := storetest.Content(t, open(t, o))
	if len(got) == 0 || len(got) >= 100 {
		t.Errorf("%d of 100 records are there", len(got))
	}
	for i := range len(got) {
		if _, ok := got[fmt.Sprintf("k/%03d", i)]; !ok {
			t.Errorf("of %d records %d is missing", len(got), i)
		}
	}
}

// The process died while it replaced the database: the next start goes on with it.
func TestReplacingIsFinished(t *testing.T) {
	o := in(t, t.TempDir())
	s := open(t, o)
	storetest.Keep(t, s.Put("k/1", []byte("new")))
	storetest.Shut(t, s)
	file := Database(o.Dir)
	if err := os.Rename(file, file+nextSuffix); err != nil {
		t.Fatal(err)
	}
	for _, left := range []string{file, file + "-wal", file + tempSuffix} {
		if err := os.WriteFile(left, []byte("old"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s = open(t, o)
	if d := s.Opened().Damage; d != "" {
		t.Error(d)
	}
	storetest.Same(t, s, map[string]string{"k/1": "new"})
}

// A record whose page nobody has damaged, but whose value, isn't given.
func TestWrongChecksum(t *testing.T) {
	s := open(t, in(t, t.TempDir()))
	storetest.Keep(t, s.Put("k/1", []byte("v")))
	storetest.Keep(t, s.Put("k/2", []byte("v")))
	s.swap.Lock()
	if err := s.db.writer.exec("update records set value = x'00' where key = 'k/1'"); err != nil {
		t.Fatal(err)
	}
	s.swap.Unlock()
	if _, err := s.Get(t.Context(), "k/1"); !errors.Is(err, store.ErrDamaged) {
		t.Errorf("got %v, want ErrDamaged", err)
	}
	if got := storetest.Content(t, s); len(got) != 1 || got["k/2"] != "v" {
		t.Errorf("the scan gives %q", got)
	}
}
