package jetstream

import "testing"

// What was to be forgotten while nothing could be written is forgotten later, but
// for what was put again.
func TestFailedDeletesAreMadeUpFor(t *testing.T) {
	dir := t.TempDir()
	srv := external(t, dir, -1)
	o, p := overURL(t, srv, "n"), port(srv)
	s := open(t, o)
	keep(t, s.Put("k/gone", []byte("v")))
	keep(t, s.Put("k/again", []byte("v")))
	keep(t, s.Put("k/stays", []byte("v")))
	srv.Shutdown()
	srv.WaitForShutdown()
	for _, key := range []string{"k/gone", "k/again"} {
		if err := s.Delete(key).Wait(t.Context()); err == nil {
			t.Fatal("a delete was kept by a store that is down")
		}
	}
	external(t, dir, p)
	eventually(t, "the store is up", func() bool { return s.Health() == nil })
	keep(t, s.Put("k/again", []byte("new")))
	want := map[string]string{"k/again": "new", "k/stays": "v"}
	eventually(t, "the delete is made up for", func() bool { n, _ := s.Size("k/"); return n == len(want) })
	same(t, s, want)
	shut(t, s)
	s = open(t, o)
	same(t, s, want)
}
