package powerloss

import (
	"maps"
	"os"
	"path/filepath"
	"testing"
	"time"

	"gatepost/test/harness"
)

// picture is what a power cut would have left of a disk.
type picture struct {
	file string
	at   time.Time
	loss Loss
}

// take takes a picture of a disk.
func take(t *testing.T, disk *Disk, loss Loss) picture {
	t.Helper()
	contents, at := disk.Cut(loss)
	p := picture{filepath.Join(t.TempDir(), "picture"), at, loss}
	if err := save(contents, p.file); err != nil {
		t.Fatal(err)
	}
	return p
}

// recover starts a gateway here on what a picture shows, and judges what it tells a
// backend.
func (w world) recover(t *testing.T, p picture, standstill time.Duration, before []*fate) seen {
	data := takeOut(t, p.file)
	if err := os.Remove(p.file); err != nil {
		t.Fatal(err)
	}
	backend := newTold(t)
	env := backend.Env(w.env)
	maps.Copy(env, harness.Env{"GATEPOST_DATA_DIR": data})
	node := harness.Start(t, env)
	settle(t, node)
	s := judge(t, w.promise, cut{p.at, standstill}, before, backend.between(time.Time{}, time.Now()), letters(t, node))
	undamaged(t, node)
	node.Kill()
	if node.Log.Has("unfinished write") {
		s.unfinished++
	}
	return s
}

// undamaged checks that a gateway has found nothing wrong with the store, however the power
// was cut: a log that merely ends early isn't damaged.
func undamaged(t *testing.T, node *harness.Node) {
	t.Helper()
	if node.Log.Has("store: damage") || node.Log.Has("set aside") {
		t.Error("the store was found damaged")
	}
}
