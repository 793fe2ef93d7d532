package jetstream

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// streamed is what ReadStream shows of a node.
func streamed(t *testing.T, o Options) map[string]string {
	t.Helper()
	s, err := ReadStream(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	all, last := map[string]string{}, ""
	err = s.Scan("", func(key string, value []byte) error {
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

// Another node's log shows what counts in it, and is as it was afterwards: the
// node goes on as if nobody had read.
func TestReadStream(t *testing.T) {
	srv := external(t, t.TempDir(), -1)
	o := overURL(t, srv, "other node")
	s := open(t, o)
	want := map[string]string{}
	for i := range 5000 {
		key := fmt.Sprintf("c/%03d", i%700)
		want[key] = fmt.Sprint(i)
		s.Put(key, []byte(want[key]))
	}
	keep(t, s.Delete("c/000"))
	delete(want, "c/000")
	large := string(make([]byte, 900<<10))
	for i := range 20 { // more than one window
		key := fmt.Sprintf("e/%d", i)
		want[key] = large
		keep(t, s.Put(key, []byte(large)))
	}
	before, err := s.link.state(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got := streamed(t, Options{URL: o.URL, Node: o.Node})
	if len(got) != len(want) {
		t.Errorf("%d keys, want %d", len(got), len(want))
	}
	for key, value := range want {
		if got[key] != value {
			t.Errorf("%q: got %.40q, want %.40q", key, got[key], value)
		}
	}
	after, err := s.link.state(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if before.LastSeq != after.LastSeq || before.FirstSeq != after.FirstSeq || before.Bytes != after.Bytes {
		t.Errorf("the stream was %+v before and is %+v", before, after)
	}
	keep(t, s.Put("c/000", []byte("again")))
	consistent(t, s)
}

// What a node gave up doesn't count, for whoever reads its log.
func TestReadStreamLeavesOutWhatWasGivenUp(t *testing.T) {
	srv := external(t, t.TempDir(), -1)
	o := overURL(t, srv, "n")
	s := open(t, o)
	keep(t, s.Put("c/1", []byte("kept")))
	late := make([]byte, headSize)
	writeHead(late, s.token+1, s.good)
	late = appendRecord(late, opPut, "c/1", []byte("given up"))
	if err := s.link.nc.Publish(s.link.subject(), late); err != nil {
		t.Fatal(err)
	}
	if err := s.link.nc.Flush(); err != nil {
		t.Fatal(err)
	}
	s.token++
	keep(t, s.Put("c/2", []byte("next")))
	got := streamed(t, o)
	if len(got) != 2 || got["c/1"] != "kept" || got["c/2"] != "next" {
		t.Errorf("got %q", got)
	}
}

// A node that never kept anything has nothing, and reading makes no stream.
func TestReadStreamOfNobody(t *testing.T) {
	srv := external(t, t.TempDir(), -1)
	if got := streamed(t, overURL(t, srv, "nobody")); len(got) != 0 {
		t.Errorf("got %q", got)
	}
	s := open(t, overURL(t, srv, "n"))
	keep(t, s.Put("c/1", nil))
	if _, err := s.link.js.Stream(t.Context(), streamRoot+"nobody"); !errors.Is(err, jetstream.ErrStreamNotFound) {
		t.Errorf("the stream that was read: %v, want that there is none", err)
	}
	if _, err := ReadStream(t.Context(), Options{Node: "n"}); err == nil {
		t.Error("without a URL: want an error")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 700*time.Millisecond)
	defer cancel()
	if _, err := ReadStream(ctx, Options{URL: "nats://127.0.0.1:1", Node: "n"}); err == nil {
		t.Error("without a server: want an error")
	}
}
