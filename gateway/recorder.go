package gateway

import (
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"gatepost/hub"
	"gatepost/store"
)

// recordPause is how long the journal is left alone that has refused a message.
const recordPause = 200 * time.Millisecond

// recorder has messages recorded that could not be when they came: those of a client one
// after the other, before what it sends meanwhile.
type recorder struct {
	g *Gateway

	mu      sync.Mutex            // guards the following
	asked   []recording           // not known to be recorded yet
	follows bool                  // follow runs
	behind  map[*lane]*hub.Client // with messages that aren't recorded
	repeats bool                  // repeat runs
}

// recording is a message's way into the journal.
type recording struct {
	client *hub.Client
	lane   *lane
	commit Commit
}

// watch has the message recorded once more, if this fails.
func (r *recorder) watch(rec recording) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked = append(r.asked, rec)
	if !r.follows {
		r.follows = true
		go r.follow()
	}
}

// follow waits for what was asked for, in that order.
func (r *recorder) follow() {
	for {
		r.mu.Lock()
		asked := r.asked
		r.asked = nil
		r.follows = len(asked) > 0
		r.mu.Unlock()
		if len(asked) == 0 {
			return
		}
		for _, rec := range asked {
			if rec.commit.Wait(r.g.life) != nil && r.g.life.Err() == nil {
				r.fallBehind(rec)
			}
		}
	}
}

func (r *recorder) fallBehind(rec recording) {
	rec.lane.mu.Lock()
	rec.lane.behind = true
	rec.lane.mu.Unlock()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.behind[rec.lane] = rec.client
	if !r.repeats {
		r.repeats = true
		go r.repeat()
	}
}

// repeat goes on until all is recorded, or the node ends, which writes down what is left.
func (r *recorder) repeat() {
	for !r.caughtUp() {
		if r.round() == nil {
			continue
		}
		select {
		case <-time.After(recordPause):
		case <-r.g.life.Done():
			return
		}
	}
}

// round has each client's first message recorded that isn't. An error says that the journal
// takes none.
func (r *recorder) round() error {
	var commits []Commit
	for l, c := range r.lanesBehind() {
		commit := l.recordNext(func(o occurrence) Commit { return r.g.keepMessage(c, o) })
		if commit == nil {
			continue
		}
		commits = append(commits, commit)
		if failedAlready(commit) {
			break // it would refuse the others too
		}
	}
	return waitAll(r.g.life, commits)
}

func (r *recorder) lanesBehind() map[*lane]*hub.Client {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.behind)
}

// caughtUp forgets the lanes in which all is recorded, and says whether these were all.
func (r *recorder) caughtUp() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	maps.DeleteFunc(r.behind, func(l *lane, _ *hub.Client) bool { return !l.isBehind() })
	r.repeats = len(r.behind) > 0
	return !r.repeats
}

// unrecorded counts the messages that aren't recorded since the journal took none.
func (r *recorder) unrecorded() (n int) {
	for l := range r.lanesBehind() {
		n += l.unrecorded()
	}
	return n
}

// errBehind: an earlier message of the client isn't recorded yet.
var errBehind = errors.New("an earlier message isn't recorded yet")

// record writes a message down as it enters the lane, unless an earlier one isn't recorded:
// of what comes later nothing may be delivered without it after a crash. mu is held.
func (l *lane) record(o *occurrence) {
	// The last one tells of all before it: a store that fails one write fails those behind it.
	if n := len(l.waiting); n > 0 && l.waiting[n-1].commit != nil {
		l.behind = l.behind || failedAlready(l.waiting[n-1].commit)
	}
	if l.behind {
		o.commit = store.Failed(errBehind)
	} else {
		o.commit = o.keep(*o)
		l.behind = failedAlready(o.commit)
	}
	o.keep, o.recorded = nil, true
}

// recordNext has the first message recorded that isn't, or gives the Commit of that which is
// on its way; nil: all are.
func (l *lane) recordNext(keep func(occurrence) Commit) Commit {
	l.mu.Lock()
	defer l.mu.Unlock()
	i := slices.IndexFunc(l.waiting, occurrence.isUnrecorded)
	if i < 0 {
		l.behind = false
		return nil
	}
	o := &l.waiting[i]
	if failedAlready(o.commit) {
		o.commit = keep(*o)
	}
	return o.commit
}

// isUnrecorded says whether a message that is to be in the journal isn't known to be there.
func (o occurrence) isUnrecorded() bool {
	return o.commit != nil && o.commit.Wait(noWaiting) != nil
}

func (l *lane) isBehind() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.behind
}

func (l *lane) unrecorded() (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, o := range l.waiting {
		if o.isUnrecorded() {
			n++
		}
	}
	return n
}
