package cluster

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// Fence says whether this node may act on the outside. It is open while a
// majority of the members has lately acknowledged this node's beats, and always
// where there are fewer than three members.
type Fence struct {
	lease time.Duration
	clock func() moment
	now   atomic.Pointer[opening]

	mu      sync.Mutex
	changed chan struct{} // closed at the next opening
}

// opening is the fence's state: shut if neither always nor start is set.
type opening struct {
	always bool
	start  moment        // of the lease
	lost   chan struct{} // closed when it ends
}

func newFence(lease time.Duration, clock func() moment) *Fence {
	f := &Fence{lease: lease, clock: clock, changed: make(chan struct{})}
	shut := &opening{lost: make(chan struct{})}
	close(shut.lost)
	f.now.Store(shut)
	return f
}

func (f *Fence) open(o *opening) bool {
	return o.always || !o.start.zero() && f.clock().age(o.start) < f.lease
}

// Valid is cheap and right at the moment of the call, even if this process was
// stopped until just before.
func (f *Fence) Valid() bool { return f.open(f.now.Load()) }

// Wait returns nil when the fence is open, or ctx's error.
func (f *Fence) Wait(ctx context.Context) error {
	for {
		f.mu.Lock()
		changed := f.changed
		f.mu.Unlock()
		if f.Valid() {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Lost is closed when the fence shuts; where it is shut, it is closed already.
// Each opening has a channel of its own.
func (f *Fence) Lost() <-chan struct{} {
	o := f.now.Load()
	if !f.open(o) {
		return past
	}
	return o.lost
}

var past = func() chan struct{} { c := make(chan struct{}); close(c); return c }()

// set is told again and again what holds. It says whether the fence opened or
// shut by that. Only its owner calls it, under a lock.
func (f *Fence) set(always bool, start moment) (changed bool) {
	was := f.now.Load()
	next := &opening{always: always, start: start, lost: was.lost}
	ended := false
	select {
	case <-was.lost:
		ended = true
	default:
	}
	// One that ran out unnoticed has ended, even if there is a new lease by now.
	if !ended && (!f.open(was) || !f.open(next)) {
		close(was.lost)
		ended, changed = true, true
	}
	if !f.open(next) {
		f.now.Store(&opening{lost: was.lost})
		return changed
	}
	if ended {
		next.lost = make(chan struct{})
		changed = true
	}
	f.now.Store(next)
	if ended {
		f.mu.Lock()
		close(f.changed)
		f.changed = make(chan struct{})
		f.mu.Unlock()
	}
	return changed
}
