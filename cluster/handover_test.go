package cluster

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"gatepost/test/wait"
)

func scanOf(n, size int) (scan func(fn func(string, []byte) error) error, calls *int) {
	calls = new(int)
	return func(fn func(string, []byte) error) error {
		*calls++
		for i := range n {
			if err := fn(fmt.Sprintf("e/%04d", i), make([]byte, size)); err != nil {
				return err
			}
		}
		return fn("end", nil)
	}, calls
}

// All that a node leaves is with one other node when HandOver returns nil, in order,
// also where it is more than goes into one message.
func TestHandOver(t *testing.T) {
	t.Parallel()
	both(t, 3, func(t *testing.T, on backdrop) {
		s := newStage(t, on, 3)
		s.timing = calm
		s.enter(0, 1, 2)
		scan, _ := scanOf(300, 20<<10)
		if err := s.nodes[0].HandOver(patient(t), scan); err != nil {
			t.Fatal(err)
		}
		next, other := s.witnesses[s.behind(0)[0]], s.witnesses[s.behind(0)[1]]
		got := next.list(&next.adopted)
		if len(got) != 301 || got[300] != "a end " || !slices.IsSorted(got[:300]) {
			t.Errorf("%d entries arrived", len(got))
		}
		if got := other.list(&other.adopted); len(got) != 0 {
			t.Errorf("%d entries arrived elsewhere", len(got))
		}
	})
}

// Where one node can't keep it all, the next one gets all; where nobody can, that is
// an error, and the caller keeps what it has.
func TestHandOverRefused(t *testing.T) {
	t.Parallel()
	s := newStage(t, newRouted(t, 3), 3)
	s.timing = calm
	ring := s.behind(0)
	parts := 0
	s.witnesses[ring[0]].before = func() error {
		if parts++; parts > 2 {
			return errors.New("disk full")
		}
		return nil
	}
	s.enter(0, 1, 2)
	scan, calls := scanOf(100, 20<<10)
	if err := s.nodes[0].HandOver(patient(t), scan); err != nil {
		t.Fatal(err)
	}
	second := s.witnesses[ring[1]]
	if got := second.list(&second.adopted); len(got) != 101 || *calls != 2 {
		t.Errorf("%d entries arrived after %d scans", len(got), *calls)
	}
	second.before = func() error { return errors.New("disk full") }
	if err := s.nodes[0].HandOver(patient(t), scan); !errors.Is(err, errRefused) {
		t.Errorf("got %v, want that it was refused", err)
	}
	broken := errors.New("unreadable")
	if err := s.nodes[0].HandOver(patient(t), func(func(string, []byte) error) error { return broken }); !errors.Is(err, broken) {
		t.Errorf("got %v, want the scan's error", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.nodes[0].HandOver(ctx, scan); err == nil {
		t.Error("a call that was ended succeeds")
	}
	s.stop(1)
	s.stop(2)
	wait.Within(t, patience, "a is alone", func() bool { return len(s.nodes[0].hearing()) == 0 })
	if err := s.nodes[0].HandOver(patient(t), scan); !errors.Is(err, ErrNobody) {
		t.Errorf("got %v, want %v", err, ErrNobody)
	}
}

func TestEntries(t *testing.T) {
	b := appendEntry(appendEntry(nil, "c/1", []byte("v")), "end", nil)
	got, err := parseEntries(b)
	if err != nil || len(got) != 2 || got[0].Key != "c/1" || string(got[0].Value) != "v" || got[1].Key != "end" || len(got[1].Value) != 0 {
		t.Errorf("%+v, %v", got, err)
	}
	for n := 1; n < len(b); n++ {
		if _, err := parseEntries(b[:n]); err == nil && n != 6 {
			t.Errorf("cut off behind %d bytes it makes sense", n)
		}
	}
}
