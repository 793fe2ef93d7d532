package webhooks

import (
	"fmt"
	"testing"
)

func TestStandings(t *testing.T) {
	s := newStandings()
	for i, step := range []struct {
		does func()
		want kind
	}{
		{func() {}, newcomer},
		{func() { s.note("a", true) }, firstTry},
		{func() { s.note("a", false) }, suspect},
		{func() { s.note("b", true) }, suspect},
		{func() { s.note("a", true) }, firstTry},
		{func() { s.forget("a") }, newcomer},
	} {
		step.does()
		if got := s.kindOf("a"); got != step.want {
			t.Errorf("step %d: %v, want %v", i, got, step.want)
		}
	}
	s.note("", false)
	if s.kindOf("") != newcomer {
		t.Error("a batch has no client")
	}
}

// However many clients there are, what is known of them is bounded; and nothing is
// known any more of those that left.
func TestStandingsAreBounded(t *testing.T) {
	s := newStandings()
	for i := range 5 * maxStandings {
		s.note(fmt.Sprint("c", i), true)
		if len(s.young)+len(s.old) > 2*maxStandings {
			t.Fatalf("%d clients are known", len(s.young)+len(s.old))
		}
	}
	last := fmt.Sprint("c", 5*maxStandings-1)
	if s.kindOf(last) != firstTry || s.kindOf("c0") != newcomer {
		t.Error("not the last clients are known")
	}
	for i := range 5 * maxStandings {
		s.forget(fmt.Sprint("c", i))
	}
	if n := len(s.young) + len(s.old); n != 0 {
		t.Errorf("%d clients that left are known", n)
	}
}
