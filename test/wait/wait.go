// Package wait has tests wait for what other goroutines, or other processes, bring
// about: as long as it takes, within bounds.
package wait

import (
	"testing"
	"time"
)

// Patience is how long a test waits for what must happen. It is generous: the
// machine may be busy, and a test that passes waits only as long as it takes.
const Patience = 20 * time.Second

// For asks until what is true, and fails the test if it isn't within Patience.
func For(t testing.TB, what string, is func() bool) {
	t.Helper()
	Within(t, Patience, what, is)
}

// Within is For with another patience.
func Within(t testing.TB, patience time.Duration, what string, is func() bool) {
	t.Helper()
	for start := time.Now(); ; {
		asked := time.Now()
		if is() {
			return
		}
		waited := time.Since(start)
		if waited > patience {
			t.Fatalf("waited %s in vain: %s", patience, what)
		}
		pause(max(time.Millisecond, waited/50), asked)
	}
}

// Stays asks for as long as d, and fails the test if what isn't true any more.
func Stays(t testing.TB, what string, d time.Duration, is func() bool) {
	t.Helper()
	for end := time.Now().Add(d); time.Now().Before(end); {
		asked := time.Now()
		if !is() {
			t.Fatalf("no longer true: %s", what)
		}
		pause(5*time.Millisecond, asked)
	}
}

// pause pauses for d, and for longer than the asking took: that mustn't slow down what
// is waited for.
func pause(d time.Duration, asked time.Time) {
	time.Sleep(min(max(d, 3*time.Since(asked)), 50*time.Millisecond))
}
