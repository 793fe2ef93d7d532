package sqlite

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"go.uber.org/goleak"

	"gatepost/store"
	"gatepost/test/logs"
	"gatepost/test/storetest"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		writeUntilKilled(dir)
		return
	}
	goleak.VerifyTestMain(m)
}

// in are options for a store in dir.
func in(t *testing.T, dir string) Options {
	t.Helper()
	return Options{Dir: dir, Node: "n1", Sync: 50 * time.Millisecond, Logger: logs.Shown(t).Logger()}
}

// open opens a store and closes it with the test, if the test doesn't.
func open(t *testing.T, o Options) *Store {
	t.Helper()
	s, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close(t.Context()) })
	return s
}

// seeds is how many of a test at random are tried: SEEDS, or else n.
func seeds(n int) int {
	if more, err := strconv.ParseUint(os.Getenv("SEEDS"), 10, 16); err == nil {
		return int(more)
	}
	return n
}

// killed is a copy of the directory of a store that rests, as a killed process would
// leave it. SQLite's locks on it are dropped by the copying.
func killed(t *testing.T, dir string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "killed")
	if err := os.CopyFS(to, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	return to
}

func TestAsEveryEngine(t *testing.T) {
	for name, sync := range map[string]time.Duration{"synced now and then": 20 * time.Millisecond, "synced always": 0} {
		t.Run(name, func(t *testing.T) {
			storetest.Run(t, storetest.Engine{
				Outlives: true,
				Place:    func(t *testing.T) string { return t.TempDir() },
				Open: func(t *testing.T, place string, most int64) store.Store {
					o := in(t, place)
					o.MaxBytes, o.Sync = most, sync
					return open(t, o)
				},
			})
		})
	}
}
