package webhooks

import (
	"context"
	"sync"
	"time"
)

// span is how long a job may go on waiting: until its caller loses interest, the
// endpoint stops, or its own time is over. As a context it is put together only where
// somebody waits for it, since most jobs never wait.
type span struct {
	context.Context // the caller's
	job             *job
	stopping        context.Context
	end             time.Time // zero: none
	why             error     // the cause, at the end

	once  sync.Once // guards the making of the following
	whole context.Context
	close func()
}

// newSpan makes the span of a job's run. It is to be released.
func newSpan(ctx, stopping context.Context, j *job, end time.Time, why error) *span {
	return &span{Context: ctx, job: j, stopping: stopping, end: end, why: why}
}

// until is s with an earlier end.
func (s *span) until(end time.Time, why error) *span {
	return &span{Context: s.Context, job: s.job, stopping: s.stopping, end: end, why: why}
}

// cause is why the span is over, or nil.
func (s *span) cause() error {
	switch {
	case s.Context.Err() != nil:
		return context.Cause(s.Context)
	case s.stopping.Err() != nil:
		return errStopped
	case !s.end.IsZero() && !time.Now().Before(s.end):
		return s.why
	}
	return nil
}

// Err is context.Context's.
func (s *span) Err() error {
	if s.cause() == nil {
		return nil
	}
	return context.Canceled
}

// Value is context.Context's.
func (s *span) Value(key any) any {
	if key == (jobKey{}) {
		return s.job
	}
	return s.Context.Value(key)
}

// Done is context.Context's.
func (s *span) Done() <-chan struct{} {
	s.once.Do(func() {
		ctx, cancel := context.WithCancel(s.Context)
		stop := context.AfterFunc(s.stopping, cancel)
		release := func() {}
		if !s.end.IsZero() {
			ctx, release = context.WithDeadline(ctx, s.end)
		}
		s.whole = ctx
		s.close = func() { stop(); release(); cancel() }
	})
	return s.whole.Done()
}

// Deadline is context.Context's.
func (s *span) Deadline() (time.Time, bool) {
	end, ok := s.Context.Deadline()
	if !s.end.IsZero() && (!ok || s.end.Before(end)) {
		return s.end, true
	}
	return end, ok
}

// release frees what Done has made.
func (s *span) release() {
	s.once.Do(func() {})
	if s.close != nil {
		s.close()
	}
}
