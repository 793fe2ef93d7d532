package gateway

import (
	"context"
	"errors"
	"time"
)

// catchUpPause is how long the journal has to take changes again before those are
// made that failed, and the least time from one such round to the next.
const catchUpPause = time.Second

// noWaiting is a context that has ended: Wait with it tells how a Commit stands, at once.
var noWaiting = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()

// failedAlready says whether a change is known to have failed.
func failedAlready(commit Commit) bool {
	err := commit.Wait(noWaiting)
	return err != nil && !errors.Is(err, context.Canceled)
}

// heed looks at a change that was just asked for. The first one that isn't refused
// after others were has these made again: else a client's record could be out of
// date for as long as it stays.
func (g *Gateway) heed(commit Commit) {
	if failedAlready(commit) {
		g.stale.Store(true)
		return
	}
	if g.stale.Load() && g.catchingUp.CompareAndSwap(false, true) {
		go g.catchUp()
	}
}

// catchUp brings all records up to date whose last change failed.
func (g *Gateway) catchUp() {
	defer g.catchingUp.Store(false)
	select {
	case <-time.After(catchUpPause):
	case <-g.life.Done():
		return
	}
	g.stale.Store(false)
	for _, c := range g.connected() {
		e := &laneOf(c).entry
		e.mu.Lock()
		if e.kept && !e.gone && !e.ended && failedAlready(e.commit) {
			g.write(c, e, ending{})
		}
		e.mu.Unlock()
	}
}
