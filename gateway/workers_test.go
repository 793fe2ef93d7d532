package gateway

import (
	"testing"
	"testing/synctest"
	"time"

	"gatepost/hub"
)

func TestIdleWorkersWorkAgainAndAreFew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		done := 0
		w := &workers{work: func(*hub.Client, *lane) { <-release; done++ }}
		idle := func() int {
			w.mu.Lock()
			defer w.mu.Unlock()
			return len(w.idle)
		}
		const lanes = mostIdle + 10
		for range 2 {
			for range lanes {
				w.start(nil, newLane())
			}
			for range lanes {
				release <- struct{}{}
				synctest.Wait()
			}
			if n := idle(); n != mostIdle {
				t.Errorf("%d workers are idle, want %d", n, mostIdle)
			}
		}
		if done != 2*lanes {
			t.Errorf("%d lanes were worked on, want %d", done, 2*lanes)
		}
		time.Sleep(3 * idleFor)
		if n := idle(); n != 0 {
			t.Errorf("%d workers are idle that nobody needs", n)
		}
		w.start(nil, newLane())
		release <- struct{}{}
		synctest.Wait()
		w.end()
		if n := idle(); n != 0 {
			t.Errorf("%d workers are idle behind the end", n)
		}
		go func() { release <- struct{}{} }()
		w.start(nil, newLane())
		synctest.Wait() // the bubble ends only if nobody stays idle
	})
}
