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

// tellOn sends with tellAll, which says whether there was anything to send, until ctx
// ends: whenever it is woken, but gathering what comes soon after, and every so often,
// behind look, for what was lost on its way.
func tellOn(ctx context.Context, wake <-chan struct{}, every time.Duration, look func(), tellAll func() (sent bool)) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	var last time.Time
	for {
		select {
		case <-wake:
			if rest := gathering - time.Since(last); rest > 0 {
				pause(ctx, rest)
			}
		case <-tick.C:
			look()
		case <-ctx.Done():
			return
		}
		if tellAll() {
			last = time.Now()
		}
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
