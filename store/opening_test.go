package store

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// The process died while it saved what can be read of a log set aside: the
// next start begins with that again.
func TestSalvageResumed(t *testing.T) {
	o := embedded(t, t.TempDir())
	s := open(t, o)
	keep(t, s.Put("k/1", []byte("saved")))
	shut(t, s)
	d := &directory{path: o.Dir}
	aside, err := d.setAside(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	// A fresh log that got no further.
	if err := os.MkdirAll(filepath.Join(o.Dir, jetstreamDir, "$G", "streams"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := d.setNote(note{Openings: 1, Salvage: aside}); err != nil {
		t.Fatal(err)
	}
	s = open(t, o)
	if s.Opened().Damage == "" {
		t.Error("it says nothing")
	}
	same(t, s, map[string]string{"k/1": "saved"})
	shut(t, s)
	s = open(t, o)
	if d := s.Opened().Damage; d != "" {
		t.Errorf("the next start says %s", d)
	}
	same(t, s, map[string]string{"k/1": "saved"})
}

// A log that takes the process with it each time is given up, not tried for ever.
func TestHopelessLogIsSetAside(t *testing.T) {
	o := embedded(t, t.TempDir())
	s := open(t, o)
	keep(t, s.Put("k/1", nil))
	shut(t, s)
	d := &directory{path: o.Dir}
	n := d.note()
	for _, c := range []struct {
		died  int
		aside bool
	}{{hopeless - 1, false}, {hopeless, true}} {
		n.Openings = c.died
		if err := d.setNote(n); err != nil {
			t.Fatal(err)
		}
		s = open(t, o)
		if got := s.Opened().Damage != ""; got != c.aside {
			t.Errorf("after %d deaths: set aside is %v: %s", c.died, got, s.Opened().Damage)
		}
		keep(t, s.Put("k/new", nil))
		shut(t, s)
	}
	if found, _ := filepath.Glob(filepath.Join(o.Dir, jetstreamDir+".damaged-*")); len(found) != 1 {
		t.Errorf("set aside: %v", found)
	}
}
