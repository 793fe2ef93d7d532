package store

import "testing"

// What was to be forgotten while nothing could be written is forgotten later, but
// for what was put again.
func TestFailedDeletesAreMadeUpFor(t *testing.T) {
	dir := t.TempDir()
	s := open(t, embedded(t, dir))
	keep(t, s.Put("k/gone", []byte("v")))
	keep(t, s.Put("k/again", []byte("v")))
	keep(t, s.Put("k/stays", []byte("v")))
	select {
	case s.engine.log.hurt <- "as a test says":
	default:
	}
	eventually(t, "the store is down", func() bool { return s.Health() != nil })
	for _, key := range []string{"k/gone", "k/again"} {
		if err := s.Delete(key).Wait(t.Context()); err == nil {
			t.Fatal("a delete was kept by a store that is down")
		}
	}
	eventually(t, "the store is up", func() bool { return s.Health() == nil })
	keep(t, s.Put("k/again", []byte("new")))
	want := map[string]string{"k/again": "new", "k/stays": "v"}
	eventually(t, "the delete is made up for", func() bool { n, _ := s.Size("k/"); return n == len(want) })
	same(t, s, want)
	shut(t, s)
	s = open(t, embedded(t, dir))
	same(t, s, want)
}
