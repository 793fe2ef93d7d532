package gateway

import (
	"slices"
	"sync"
	"time"

	"gatepost/hub"
)

// mostIdle is how many workers are kept for the next lane that has work: a goroutine
// that has worked has grown a stack for it, which is dear to grow for each message
// anew, and cheap to keep for a few.
const mostIdle = 256

// idleFor is after how long without need for it a worker ends.
const idleFor = 5 * time.Second

// workers work on lanes.
type workers struct {
	work func(*hub.Client, *lane)

	mu    sync.Mutex   // guards the following
	idle  []chan<- job // the last one has worked last
	spare int          // how many of idle nobody has needed since the last sweep
	sweep *time.Timer  // runs while there are any
	ended bool
}

// job is a lane that has work.
type job struct {
	client *hub.Client
	lane   *lane
}

// start has a lane worked on, and returns at once.
func (w *workers) start(c *hub.Client, l *lane) {
	j := job{c, l}
	w.mu.Lock()
	if last := len(w.idle) - 1; last >= 0 {
		next := w.idle[last]
		w.idle = w.idle[:last]
		w.spare = min(w.spare, last)
		w.mu.Unlock()
		next <- j // never waits: it has room for one
		return
	}
	w.mu.Unlock()
	go w.run(j)
}

func (w *workers) run(j job) {
	next := make(chan job, 1)
	for more := true; more; j, more = <-next {
		w.work(j.client, j.lane)
		if !w.rest(next) {
			return
		}
	}
}

// rest has an idle worker wait for its next job. false: there are enough that do.
func (w *workers) rest(next chan job) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ended || len(w.idle) == mostIdle {
		return false
	}
	w.idle = append(w.idle, next)
	if w.sweep == nil {
		w.sweep = time.AfterFunc(idleFor, w.dismiss)
	}
	return true
}

// dismiss ends the workers that nobody has needed since it was called last.
func (w *workers) dismiss() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, next := range w.idle[:w.spare] {
		close(next)
	}
	w.idle = slices.Delete(w.idle, 0, w.spare)
	w.spare = len(w.idle)
	if w.sweep = nil; w.spare > 0 {
		w.sweep = time.AfterFunc(idleFor, w.dismiss)
	}
}

// end lets the idle go, and those that become it.
func (w *workers) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ended = true
	for _, next := range w.idle {
		close(next)
	}
	w.idle, w.spare = nil, 0
	if w.sweep != nil {
		w.sweep.Stop()
	}
}
