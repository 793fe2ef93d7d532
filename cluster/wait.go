package cluster

import (
	"context"
	"time"
)

// pause waits for a time, or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// gathering is the least time from one message of changes, or of copies, to the next
// one to all: what comes sooner goes with it. It bounds what the cluster costs on a
// busy node; on one that rests nothing waits.
const gathering = 2 * time.Millisecond

// pace waits until gathering has passed since last.
func pace(ctx context.Context, last time.Time) {
	if rest := gathering - time.Since(last); rest > 0 {
		pause(ctx, rest)
	}
}

// notify wakes whoever receives from c, which has room for one: it then looks at all
// that has come.
func notify(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
