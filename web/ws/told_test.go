package ws

import (
	"fmt"
	"testing"
	"time"
)

// The first of a kind is told of at once, the others once a minute with how many they
// were; and what differs without end makes no more lines than maxTold of its kind and
// one.
func TestToldTellsOfEachOnceAMinute(t *testing.T) {
	var seen told
	now := time.Now()
	count := func(kind, what string, wantTimes int, wantDue bool) {
		t.Helper()
		if times, due := seen.count(kind, what, now); due != wantDue || due && times != wantTimes {
			t.Errorf("%s %q: due %v for %d times, want %v for %d", kind, what, due, times, wantDue, wantTimes)
		}
	}
	count("origin", "a", 1, true)
	count("origin", "a", 0, false)
	count("origin", "b", 1, true)
	count("token", "a", 1, true)
	now = now.Add(toldFor - 1)
	count("origin", "a", 0, false)
	now = now.Add(1)
	count("origin", "a", 3, true)
	count("origin", "b", 1, true)
	count("token", "b", 1, true)
	now = now.Add(10 * toldFor)
	count("origin", "a", 1, true)

	lines := 0
	for i := range 1000 {
		if _, due := seen.count("origin", fmt.Sprint(i), now); due {
			lines++
		}
	}
	if lines != maxTold { // one of them for all that are too many; "a" was before
		t.Errorf("1000 different ones made %d lines, want %d", lines, maxTold)
	}
	count("token", "a", 1, true) // another kind has room of its own
	now = now.Add(toldFor)
	if len(seen.now) > 2*maxTold {
		t.Errorf("%d are remembered", len(seen.now))
	}
}
