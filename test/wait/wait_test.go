package wait

import (
	"testing"
	"testing/synctest"
	"time"
)

// failing is a test that notes its failure.
type failing struct {
	testing.TB
	failed bool
}

func (*failing) Helper() {}

func (f *failing) Fatalf(string, ...any) {
	f.failed = true
	panic(f)
}

// fails reports whether a wait fails its test, and how long it takes.
func fails(wait func(testing.TB)) (failed bool, took time.Duration) {
	f, began := &failing{}, time.Now()
	defer func() {
		_ = recover()
		failed, took = f.failed, time.Since(began)
	}()
	wait(f)
	return
}

func TestWaits(t *testing.T) {
	ever, never := func() bool { return true }, func() bool { return false }
	for name, c := range map[string]struct {
		wait func(testing.TB)
		fail bool
		took time.Duration // at least, and hardly more
	}{
		"for what is":            {func(t testing.TB) { For(t, "", ever) }, false, 0},
		"for what never is":      {func(t testing.TB) { For(t, "", never) }, true, Patience},
		"within its time":        {func(t testing.TB) { Within(t, time.Minute, "", after(time.Second)) }, false, time.Second},
		"within too short a one": {func(t testing.TB) { Within(t, time.Second, "", after(time.Minute)) }, true, time.Second},
		"stays":                  {func(t testing.TB) { Stays(t, "", time.Second, ever) }, false, time.Second},
		"doesn't stay":           {func(t testing.TB) { Stays(t, "", time.Minute, not(after(time.Second))) }, true, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				failed, took := fails(c.wait)
				if failed != c.fail || took < c.took || took > c.took+100*time.Millisecond {
					t.Errorf("failed: %v after %v, want %v after %v", failed, took, c.fail, c.took)
				}
			})
		})
	}
}

// after is what is true from so long after it was first asked on.
func after(d time.Duration) func() bool {
	var began time.Time
	return func() bool {
		if began.IsZero() {
			began = time.Now()
		}
		return time.Since(began) >= d
	}
}

func not(is func() bool) func() bool { return func() bool { return !is() } }
