package store

import "context"

// Commit is a write, or several, on the way to being kept.
type Commit interface {
	// Wait returns nil once it is kept, as safely as the store is set to. Any other
	// error than ctx's says that it isn't, and that the key has the value it had
	// before. A Commit whose end is known says so whatever ctx is.
	Wait(ctx context.Context) error
}

// Write is an engine's Commit. The engine sets its end, then closes what it was
// made with, which many can share.
type Write struct {
	done <-chan struct{}
	err  error
}

// NewWrite makes a Write whose end is known once done is closed.
func NewWrite(done <-chan struct{}) *Write { return &Write{done: done} }

// Set says how it ended. It is called at most once, before done is closed.
func (w *Write) Set(err error) { w.err = err }

// Wait is Commit's.
func (w *Write) Wait(ctx context.Context) error {
	select {
	case <-w.done:
		return w.err
	default:
	}
	select {
	case <-w.done:
		return w.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Kept is the Commit of what is kept already.
var Kept Commit = kept{}

type kept struct{}

func (kept) Wait(context.Context) error { return nil }

// Failed is the Commit of what failed at once.
func Failed(err error) Commit { return failed{err} }

type failed struct{ err error }

func (f failed) Wait(context.Context) error { return f.err }

// Both is the Commit of what is kept once it is kept in two places.
func Both(a, b Commit) Commit { return both{a, b} }

type both struct{ a, b Commit }

func (c both) Wait(ctx context.Context) error {
	if err := c.a.Wait(ctx); err != nil {
		return err
	}
	return c.b.Wait(ctx)
}
