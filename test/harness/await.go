package harness

import (
	"testing"
	"time"
)

// Patience is how long a test waits for what must happen. It is generous: the
// machine may be busy, and a test that passes waits only as long as it takes.
const Patience = 20 * time.Second

// Eventually polls until what is true, and fails the test if it never is.
func Eventually(t testing.TB, what string, is func() bool) {
	t.Helper()
	within(t, Patience, what, is)
}

func within(t testing.TB, patience time.Duration, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if is() {
			return
		}
	}
	if !is() {
		t.Fatalf("waited %s in vain: %s", patience, what)
	}
}

// Stays polls for as long as d and fails the test if what ever ceases to be true.
func Stays(t testing.TB, what string, d time.Duration, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(d); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if !is() {
			t.Fatalf("no longer true: %s", what)
		}
	}
}
