package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"gatepost/store"
	"gatepost/test/logs"
	"gatepost/test/storetest"
)

func TestOneProcessAtATime(t *testing.T) {
	o := in(t, t.TempDir())
	s := open(t, o)
	if _, err := Open(o); !errors.Is(err, store.ErrLocked) || !strings.Contains(err.Error(), o.Dir) {
		t.Errorf("got %v, want ErrLocked with the directory", err)
	}
	storetest.Keep(t, s.Put("k/1", nil))
	storetest.Shut(t, s)
	open(t, o)
}

// What an earlier version wrote isn't touched.
func TestDirectoryOfAnEarlierVersion(t *testing.T) {
	o := in(t, t.TempDir())
	if err := os.Mkdir(filepath.Join(o.Dir, "jetstream"), 0o700); err != nil {
		t.Fatal(err)
	}
	_, err := Open(o)
	if err == nil || !strings.Contains(err.Error(), o.Dir) || !strings.Contains(err.Error(), "earlier version") {
		t.Errorf("got %v", err)
	}
	if left, _ := os.ReadDir(o.Dir); len(left) != 1 {
		t.Errorf("the directory has %d entries now", len(left))
	}
}

// What takes no writes doesn't open, and the check says so in the same words.
func TestDirectoryWithoutWrites(t *testing.T) {
	for name, spoil := range map[string]func(dir string) error{
		"a folder for a log":   func(dir string) error { return os.MkdirAll(Database(dir)+"-wal/log", 0o700) },
		"a read-only database": func(dir string) error { return os.Chmod(Database(dir), 0o400) },
		"a read-only folder":   func(dir string) error { return os.Chmod(dir, 0o500) },
	} {
		t.Run(name, func(t *testing.T) {
			if os.Geteuid() == 0 && strings.Contains(name, "read-only") {
				t.Skip("root may write everywhere")
			}
			o := in(t, t.TempDir())
			storetest.Shut(t, open(t, o))
			if err := spoil(o.Dir); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = os.Chmod(o.Dir, 0o700) })
			_, err := Open(o)
			checked := Check(o.Dir)
			if err == nil || checked == nil || err.Error() != checked.Error() || !strings.Contains(err.Error(), o.Dir) {
				t.Errorf("%v; the check: %v", err, checked)
			}
		})
	}
}

// A node that is renamed goes on with what it has, and says so once.
func TestDirectoryOfAnotherNode(t *testing.T) {
	o := in(t, t.TempDir())
	storetest.Shut(t, open(t, o))
	for _, c := range []struct {
		node  string
		warns bool
	}{{"n1", false}, {"n2", true}, {"n2", false}, {"n1", true}} {
		records := logs.Shown(t)
		o.Node, o.Logger = c.node, records.Logger()
		s := open(t, o)
		warned := records.Has("level=WARN")
		if warned != c.warns {
			t.Errorf("as %s: warned is %v", c.node, warned)
		}
		storetest.Keep(t, s.Put("k/"+c.node, nil))
		storetest.Shut(t, s)
	}
	storetest.Same(t, open(t, o), map[string]string{"k/n1": "", "k/n2": ""})
}

// A backup of a store that is in use is a store.
func TestBackup(t *testing.T) {
	o := in(t, filepath.Join(t.TempDir(), "a store? #1%20"))
	s := open(t, o)
	want := map[string]string{"k/1": "one", "e/1": strings.Repeat("two", 10_000)}
	for key, value := range want {
		storetest.Keep(t, s.Put(key, []byte(value)))
	}
	to := t.TempDir()
	if err := Backup(o.Dir, Database(to)); err != nil {
		t.Fatal(err)
	}
	storetest.Keep(t, s.Put("k/2", nil))
	if err := Backup(o.Dir, Database(to)); !errors.Is(err, os.ErrExist) {
		t.Errorf("over another file: %v", err)
	}
	if err := Backup(to+"/nothing", filepath.Join(to, "x")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("of nothing: %v", err)
	}
	back := in(t, to)
	storetest.Same(t, open(t, back), want)
	storetest.Shut(t, s)
	if err := Backup(o.Dir, filepath.Join(to, "closed")); err != nil {
		t.Errorf("of a store that isn't in use: %v", err)
	}
	if info, err := os.Stat(Database(to)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}

// Views are as the options say, also after an update.
func TestViews(t *testing.T) {
	o := in(t, t.TempDir())
	for _, text := range []string{"select key from records", "select key, value from records", "select key, value from records"} {
		o.Views = map[string]string{"shown": text}
		s := open(t, o)
		columns := 0
		s.swap.Lock()
		err := s.db.writer.query("select * from pragma_table_info('shown')", func([]driver.Value) error { columns++; return nil })
		s.swap.Unlock()
		if err != nil || columns != 1+strings.Count(text, ",") {
			t.Errorf("%q has %d columns, %v", text, columns, err)
		}
		storetest.Shut(t, s)
	}
}

func TestMetrics(t *testing.T) {
	o := in(t, t.TempDir())
	reg := prometheus.NewRegistry()
	o.Registerer = reg
	s := open(t, o)
	storetest.Keep(t, s.Put("k/1", []byte("v")))
	want := "# HELP gatepost_store_records Live records.\n# TYPE gatepost_store_records gauge\ngatepost_store_records 1\n"
	if err := testutil.GatherAndCompare(reg, strings.NewReader(want), "gatepost_store_records"); err != nil {
		t.Error(err)
	}
	if problems, err := testutil.GatherAndLint(reg); err != nil || len(problems) > 0 {
		t.Error(problems, err)
	}
	second := in(t, t.TempDir())
	second.Registerer = reg
	if _, err := Open(second); err == nil {
		t.Error("two stores have the same metrics")
	}
	open(t, in(t, second.Dir)) // the one that was refused has left no lock
	storetest.Shut(t, s)
	open(t, o) // registers again
}

// Close with a context that has ended fails what waits, and doesn't hang.
func TestCloseWithoutPatience(t *testing.T) {
	s := open(t, in(t, t.TempDir()))
	for i := range 1000 {
		s.Put("k/"+strings.Repeat("k", i), make([]byte, 1000))
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Close(ctx); err != nil && !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// Who reads while the store is closed gets an answer or an error.
func TestReadersAtTheEnd(t *testing.T) {
	s := open(t, in(t, t.TempDir()))
	for i := range 500 {
		s.Put(fmt.Sprint("k/", i), make([]byte, 1000))
	}
	storetest.Keep(t, s.Put("k/last", nil))
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for {
				if _, err := s.Get(t.Context(), "k/last"); err != nil {
					return
				}
				_ = s.Scan("k/", func(string, []byte) error { return nil })
			}
		})
	}
	time.Sleep(20 * time.Millisecond) // the moment is what is tested
	storetest.Shut(t, s)
	readers.Wait()
}
