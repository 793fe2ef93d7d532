package webhooks

import (
	"context"
	"errors"
	"sync"
)

// Fence says whether this node may act on the outside. A node that is cut off from
// its cluster may not: others may have ended its clients, and no event of theirs may
// come to a backend for the first time after that.
type Fence interface {
	// Valid says so as of now, by the clocks, whatever goroutine has slept meanwhile.
	// It is cheap: it is asked before every write to a backend.
	Valid() bool
	// Wait returns once it is valid, or with the context's error.
	Wait(ctx context.Context) error
	// Lost is closed when it ceases to be valid; another channel takes its place.
	Lost() <-chan struct{}
}

var (
	errFenced = errors.New("this node is cut off from its cluster")
	// ErrGivenUp as the cause of a context's end says that its event is another
	// node's now: it is taken off the record, and is no dead letter.
	ErrGivenUp = errors.New("the event's client is another node's now")
	// ErrDiscarded as the cause of a context's end says that its event isn't wanted any
	// more: it is taken off the record, and is Discarded.
	ErrDiscarded = errors.New("the event's client was closed, and its messages dropped")
)

// lease is the Fence as attempts feel it. nil: there is none, and all may begin.
type lease struct {
	fence Fence

	mu     sync.Mutex // guards the following
	term   context.Context
	end    context.CancelCauseFunc
	opened chan struct{} // closed while term lives
}

// newLease follows a fence until life ends.
func newLease(life context.Context, fence Fence) *lease {
	if fence == nil {
		return nil
	}
	l := &lease{fence: fence, opened: make(chan struct{})}
	l.term, l.end = context.WithCancelCause(life)
	l.end(errFenced)
	lost, held := l.begin(life)
	go l.follow(life, lost, held)
	return l
}

func (l *lease) follow(life context.Context, lost <-chan struct{}, held bool) {
	for {
		if held {
			select {
			case <-lost:
			case <-life.Done():
			}
			l.over()
		}
		if l.fence.Wait(life) != nil {
			return
		}
		lost, held = l.begin(life)
	}
}

// begin opens a new term if the fence is open, and gives what is closed at its end.
func (l *lease) begin(life context.Context) (lost <-chan struct{}, held bool) {
	lost = l.fence.Lost()
	if !l.fence.Valid() {
		return nil, false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.term, l.end = context.WithCancelCause(life)
	close(l.opened)
	return lost, true
}

func (l *lease) over() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.end(errFenced)
	l.opened = make(chan struct{})
}

// under is the context of an attempt that begins now: it ends with life, and when
// the fence falls.
func (l *lease) under(life context.Context) context.Context {
	if l == nil {
		return life
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.term
}

// holds says whether an attempt that began under term hasn't been overtaken by the
// fence's fall.
func (l *lease) holds(term context.Context) bool {
	return l == nil || term.Err() == nil && l.fence.Valid()
}

func (l *lease) valid() bool { return l == nil || l.holds(l.under(context.Background())) }

// wait returns when attempts may begin, or with the cause of the span's end. A connect
// doesn't wait: its client would.
func (l *lease) wait(span *span, j *job) error {
	for !l.valid() {
		if j.isConnect() {
			return errFenced
		}
		if l.fence.Wait(span) != nil {
			return span.cause()
		}
		l.mu.Lock()
		opened := l.opened
		l.mu.Unlock()
		select {
		case <-opened:
		case <-span.Done():
			return span.cause()
		}
	}
	return nil
}

// cutOff takes in that a job's attempt was overtaken by the fence's fall.
func (j *job) cutOff(a *answer) {
	j.run.cut = true
	j.past.uncount(a)
	j.record.current = j.record.current && !a.written
	if j.isConnect() {
		j.run.stopped = errFenced
	}
}
