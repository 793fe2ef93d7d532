package cluster

import (
	"context"
	"errors"
	"slices"
	"time"
)

const (
	// holderCount is how many peers have copies of a client's record.
	holderCount = 2
	// copiesAtOnce is how large a batch, or a message of several, grows.
	copiesAtOnce = 512 << 10
	// copiesWaiting bounds the memory of what the holders haven't acknowledged.
	copiesWaiting = 64 << 20
	// copiesPatience is how long a holder that can be heard may owe an answer.
	copiesPatience = 3 * time.Second
)

var errClosed = errors.New("cluster: closed")

// batch is records that were gathered into one; it is the Commit of all of them.
type batch struct {
	number  uint64
	records []byte
	done    chan struct{} // closed when all holders have it
	err     error         // final once done is closed
}

// Wait returns nil once all holders have kept the batch.
func (b *batch) Wait(ctx context.Context) error {
	select {
	case <-b.done:
		return b.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// holder is a peer that has copies of this node's records, or is getting them.
type holder struct {
	tag, incarnation string

	session  epoch  // of this holding, in all that is sent for it
	started  bool   // the peer knows of the session: batches may go
	complete bool   // it has the records from before the session too
	sent     uint64 // number of the last batch on its way
	acked    uint64 // number of the last batch that it has
	since    time.Time
	owing    time.Time // since when it has been owing an answer without a break
}

// copyLog numbers the batches of records and keeps those that some holder lacks.
// It is a plain state machine: the lock of copies guards it.
type copyLog struct {
	last    uint64 // number of the last batch that takes no more records
	kept    []*batch
	filling *batch // number last+1; nil: none
	bytes   int    // of all of them
	holders []*holder
	closed  bool
}

// add gathers a record, as append makes it, into a batch.
func (l *copyLog) add(size int, appendTo func([]byte) []byte) Commit {
	if l.closed {
		return failed{errClosed}
	}
	if len(l.holders) == 0 {
		return kept{} // whoever becomes a holder will be sent all records
	}
	if l.filling != nil && len(l.filling.records)+size > copiesAtOnce {
		l.seal()
	}
	if l.filling == nil {
		l.filling = &batch{number: l.last + 1, done: make(chan struct{})}
	}
	before := len(l.filling.records)
	l.filling.records = appendTo(l.filling.records)
	l.bytes += len(l.filling.records) - before
	return l.filling
}

func (l *copyLog) seal() {
	if l.filling != nil {
		l.kept, l.last, l.filling = append(l.kept, l.filling), l.filling.number, nil
	}
}

func (l *copyLog) holder(tag string) *holder {
	for _, h := range l.holders {
		if h.tag == tag {
			return h
		}
	}
	return nil
}

// choose makes these peers the holders. Those that are new are returned: they are
// to be sent all records, as they are from now on, while they get the batches that
// not everybody has.
func (l *copyLog) choose(peers []Node, now time.Time) (fresh []*holder) {
	var holders []*holder
	for _, p := range peers {
		h := l.holder(p.Tag)
		if h == nil || h.incarnation != p.Incarnation {
			h = &holder{tag: p.Tag, incarnation: p.Incarnation, owing: now}
			l.restart(h)
			fresh = append(fresh, h)
		}
		holders = append(holders, h)
	}
	l.holders = holders
	l.advance()
	return fresh
}

// restart begins a holding anew.
func (l *copyLog) restart(h *holder) {
	number := l.last
	if len(l.kept) > 0 {
		number = l.kept[0].number - 1
	}
	*h = holder{tag: h.tag, incarnation: h.incarnation, owing: h.owing, session: newEpoch(), sent: number, acked: number}
}

// start notes that h knows of the session: batches may go.
func (l *copyLog) start(h *holder, now time.Time) { h.started, h.owing = true, now }

// next gives the batches that are to be sent to h now: none while others are on
// their way, so that under load more are gathered.
func (l *copyLog) next(h *holder, now time.Time) []*batch {
	if !h.started {
		return nil
	}
	if h.sent > h.acked {
		if now.Sub(h.since) < anew {
			return nil
		}
		h.sent = h.acked
	} else {
		h.owing = now
	}
	if h.acked == l.last {
		l.seal()
	}
	from, _ := slices.BinarySearchFunc(l.kept, h.acked+1, func(b *batch, n uint64) int { return int(int64(b.number - n)) })
	to, size := from, 0
	for to < len(l.kept) && (to == from || size+len(l.kept[to].records) <= copiesAtOnce) {
		size += len(l.kept[to].records)
		to++
	}
	if to == from {
		return nil
	}
	h.sent, h.since = l.kept[to-1].number, now
	return slices.Clone(l.kept[from:to])
}

// acknowledged notes that h has the batches up to number.
func (l *copyLog) acknowledged(h *holder, number uint64, now time.Time) {
	if number <= h.acked || number > l.last {
		return // overtaken, or of an earlier life
	}
	h.acked, h.owing = number, now
	h.sent = max(h.sent, number)
	l.advance()
}

// advance ends the waiting for batches that all holders have.
func (l *copyLog) advance() {
	if len(l.holders) == 0 {
		l.seal()
	}
	number := l.last
	for _, h := range l.holders {
		number = min(number, h.acked)
	}
	n := 0
	for n < len(l.kept) && l.kept[n].number <= number {
		l.bytes -= len(l.kept[n].records)
		close(l.kept[n].done)
		n++
	}
	if l.kept = l.kept[n:]; len(l.kept) == 0 {
		l.kept = nil
	}
}

// hopeless is a holder that has owed an answer for too long, or, where too much
// waits, the one that lacks most; nil: none.
func (l *copyLog) hopeless(now time.Time) *holder {
	var slowest *holder
	for _, h := range l.holders {
		if (!h.started || h.sent > h.acked) && now.Sub(h.owing) > copiesPatience {
			return h
		}
		if slowest == nil || h.acked < slowest.acked {
			slowest = h
		}
	}
	if l.bytes > copiesWaiting {
		return slowest
	}
	return nil
}

// close fails what waits.
func (l *copyLog) close() {
	l.seal()
	l.closed = true
	for _, b := range l.kept {
		b.err = errClosed
		close(b.done)
	}
	l.kept, l.holders, l.bytes = nil, nil, 0
}

// kept is the fate of what has nothing to wait for.
type kept struct{}

// Wait returns at once.
func (kept) Wait(context.Context) error { return nil }

// failed is the fate of what can't be kept.
type failed struct{ err error }

// Wait returns why.
func (f failed) Wait(context.Context) error { return f.err }
