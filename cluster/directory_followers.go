package cluster

import (
	"math"
	"slices"
	"time"
)

// changesAtOnce is how many changes go into one message.
const changesAtOnce = 8 << 10

// follower is a peer, and how much of this node's names it has.
type follower struct {
	tag, incarnation string

	silent bool      // nobody waits for it, and nothing is sent
	whole  bool      // it has all names as of acked, and what came later can follow
	fresh  bool      // it is being sent all names as of acked
	sent   uint64    // number of the last change on its way
	acked  uint64    // number of the last change that it has
	since  time.Time // when changes were sent last
	tried  time.Time // when sending all names was begun last
}

// followers decides what is sent to whom, and knows who has what. It is a plain
// state machine: the directory's lock guards it.
type followers struct {
	log     changeLog
	all     []*follower
	waiting []*settling
}

// settling is a call that waits until all followers have the changes up to number.
type settling struct {
	number uint64
	done   chan struct{}
}

func (f *followers) find(tag string) *follower {
	for _, p := range f.all {
		if p.tag == tag {
			return p
		}
	}
	return nil
}

// heard makes a peer one that follows. One that is new has nothing yet; one that
// was silent goes on where it was.
func (f *followers) heard(tag, incarnation string) *follower {
	p := f.find(tag)
	if p == nil || p.incarnation != incarnation {
		f.remove(tag)
		p = &follower{tag: tag, incarnation: incarnation}
		f.all = append(f.all, p)
	}
	p.silent, p.sent = false, p.acked
	return p
}

// silence ends all waiting for a peer until it is heard again.
func (f *followers) silence(tag string) {
	if p := f.find(tag); p != nil {
		p.silent = true
		f.advance()
	}
}

func (f *followers) remove(tag string) {
	f.all = slices.DeleteFunc(f.all, func(p *follower) bool { return p.tag == tag })
	f.advance()
}

// changed adds a change of this node's names.
func (f *followers) changed(c change) { f.log.append(c, len(f.all) > 0) }

// next gives the changes that are to be sent to p now and the number of the first:
// none while others are on their way, so that under load they are gathered. again
// is after how long changes are sent anew that weren't acknowledged.
func (f *followers) next(p *follower, now time.Time, again time.Duration) (first uint64, changes []change) {
	if !p.whole || p.silent {
		return 0, nil
	}
	if p.sent > p.acked {
		if now.Sub(p.since) < again {
			return 0, nil
		}
		p.sent = p.acked
	}
	changes, ok := f.log.behind(p.acked, changesAtOnce)
	if !ok {
		p.whole = false
	}
	if len(changes) == 0 {
		return 0, nil
	}
	first = p.acked + 1
	p.sent, p.since = p.acked+uint64(len(changes)), now
	return first, changes
}

// began says that p is being sent all names, as of now or later: when that is done,
// the changes from here on are to follow. finished says that it is done.
func (f *followers) began(p *follower) {
	p.fresh = true
	p.sent, p.acked = f.log.last, f.log.last
}

// finished is told whether p has all names now.
func (f *followers) finished(p *follower, ok bool) {
	p.fresh = false
	if p.whole = ok; ok {
		f.advance()
	}
}

// acknowledged notes that p has the changes up to number.
func (f *followers) acknowledged(p *follower, number uint64) {
	if !p.whole || number <= p.acked || number > f.log.last {
		return // overtaken by a later answer, or of an earlier life
	}
	p.acked = number
	p.sent = max(p.sent, number)
	f.advance()
}

// settled is the number up to which all followers that aren't silent have all
// changes; the highest that there is, if there are none.
func (f *followers) settled() uint64 {
	number := uint64(math.MaxUint64)
	for _, p := range f.all {
		switch {
		case p.silent:
		case !p.whole:
			return 0
		default:
			number = min(number, p.acked)
		}
	}
	return number
}

// wait begins to wait until everybody has the changes up to number, and says who
// lacks them; nil if nobody does.
func (f *followers) wait(number uint64) (*settling, []*follower) {
	if f.settled() >= number {
		return nil, nil
	}
	w := &settling{number: number, done: make(chan struct{})}
	f.waiting = append(f.waiting, w)
	var lacking []*follower
	for _, p := range f.all {
		if !p.silent && f.lacks(p, number) {
			lacking = append(lacking, p)
		}
	}
	return w, lacking
}

// stopWaiting says which of those that lacked the changes, and are still followers,
// lack them now.
func (f *followers) stopWaiting(w *settling, lacking []*follower) []*follower {
	f.waiting = slices.DeleteFunc(f.waiting, func(other *settling) bool { return other == w })
	return slices.DeleteFunc(lacking, func(p *follower) bool { return f.find(p.tag) != p || !f.lacks(p, w.number) })
}

// lacks says whether p doesn't have the changes up to number.
func (f *followers) lacks(p *follower, number uint64) bool {
	return number > 0 && (!p.whole || p.acked < number)
}

// advance forgets the changes that nobody lacks, and ends the waiting that is over.
func (f *followers) advance() {
	needed, settled := f.log.last, f.settled()
	for _, p := range f.all {
		if p.whole || p.fresh {
			needed = min(needed, p.acked)
		}
	}
	f.log.trim(needed)
	f.waiting = slices.DeleteFunc(f.waiting, func(w *settling) bool {
		if w.number > settled {
			return false
		}
		close(w.done)
		return true
	})
}
