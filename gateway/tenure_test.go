package gateway

import (
	"context"
	"errors"
	"testing"
)

// Why a tenure ends is heard by who looks, who waits, and who waits in a context of its own,
// whether they began to before or after its end.
func TestTenure(t *testing.T) {
	f := newFixture(t)
	why := errors.New("why")
	for _, waits := range []bool{true, false} {
		tenure := f.tenure()
		if tenure.Err() != nil || context.Cause(tenure) != nil || tenure.hasEnded() {
			t.Errorf("it begins with %v", tenure.Err())
		}
		var child context.Context
		cancel := func() {}
		if waits {
			child, cancel = context.WithCancel(tenure)
		}
		tenure.end(why)
		tenure.end(errors.New("another"))
		if !waits {
			child, cancel = context.WithCancel(tenure)
		}
		<-tenure.Done()
		<-child.Done()
		if !errors.Is(context.Cause(tenure), why) || !errors.Is(context.Cause(child), why) {
			t.Errorf("it ended for %v and %v", context.Cause(tenure), context.Cause(child))
		}
		cancel()
		f.release(tenure)
	}
	tenure := f.tenure()
	f.Stop()
	<-tenure.Done()
	if !errors.Is(context.Cause(tenure), context.Canceled) {
		t.Errorf("with the node it ended for %v", context.Cause(tenure))
	}
}
