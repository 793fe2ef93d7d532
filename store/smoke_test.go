package store

import (
	"fmt"
	"log/slog"
	"os"
	"testing"
	"time"
)

func TestSmoke(t *testing.T) {
	o := Options{Dir: t.TempDir(), Sync: 100 * time.Millisecond, Logger: slog.New(slog.NewTextHandler(os.Stderr, nil))}
	s, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Log(s.Opened())
	var c *Commit
	start := time.Now()
	for i := range 200000 {
		c = s.Put(fmt.Sprintf("c/%026d", i), make([]byte, 150))
		if i%20000 == 0 {
			if err := c.Wait(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if i%2 == 0 {
			s.Delete(fmt.Sprintf("c/%026d", i/2))
		}
	}
	if err := c.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Log(time.Since(start) / 300000)
	k, b := s.Size("c/")
	u, _ := s.Usage()
	t.Log(k, b, u)
	if v, err := s.Get(t.Context(), fmt.Sprintf("c/%026d", 199999)); err != nil || len(v) != 150 {
		t.Fatal(err)
	}
	if err := s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	s, err = Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Log(s.Opened())
	n := 0
	start = time.Now()
	s.Scan("c/", func(k string, v []byte) error { n++; return nil })
	t.Log(n, time.Since(start))
	if n != k {
		t.Fatal(n, k)
	}
	s.Close(t.Context())
}
