package http1

import (
	"context"
	"sync"
	"time"
)

// callContext is a request's context. It ends when the handler has returned and, from
// the moment that somebody waits for it, when the peer hangs up: for most calls nobody
// does, and nothing has to watch their connections.
//
// The peer's hang-up is found by reading, so a request's body has to be read first,
// and a peer that has sent its next request already isn't watched.
type callContext struct {
	conn *conn

	mu     sync.Mutex      // guards what follows
	inner  context.Context // nil until somebody waits
	cancel context.CancelFunc
	silent bool          // the peer has nothing more to send for this request
	over   bool          // the handler has returned
	watch  chan struct{} // closed when the watching goroutine has ended; nil: there is none
}

// Deadline says that there is none.
func (*callContext) Deadline() (deadline time.Time, ok bool) { return }

// Done is closed when the request has ended. Who asks for it has the connection
// watched.
func (x *callContext) Done() <-chan struct{} {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.inner == nil {
		x.inner, x.cancel = context.WithCancel(context.Background())
		if x.over {
			x.cancel()
		}
	}
	x.begin()
	return x.inner.Done()
}

// Err is context.Canceled once the request has ended.
func (x *callContext) Err() error {
	x.mu.Lock()
	defer x.mu.Unlock()
	switch {
	case x.inner != nil:
		return x.inner.Err()
	case x.over:
		return context.Canceled
	}
	return nil
}

// Value lets the context package find the context that ends with this one, so that
// those derived from it need no goroutine.
func (x *callContext) Value(key any) any {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.inner == nil {
		return nil
	}
	return x.inner.Value(key)
}

// mayWatch says that whatever is read now isn't this request's.
func (x *callContext) mayWatch() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.silent = true
	x.begin()
}

// begin has the connection watched, where that is asked for and possible. It needs
// x.mu.
func (x *callContext) begin() {
	if x.inner == nil || !x.silent || x.over || x.watch != nil {
		return
	}
	if x.conn.readUntil(time.Time{}) != nil {
		x.cancel()
		return
	}
	x.watch = make(chan struct{})
	go func(ended chan<- struct{}) {
		defer close(ended)
		if _, err := x.conn.reader.Peek(1); err != nil {
			x.cancel()
		}
	}(x.watch)
}

// readUntil has reading the body end then, or watching, which is as a hang-up.
func (x *callContext) readUntil(t time.Time) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.conn.readUntil(t)
}

// end ends the context and, with it, watching. The connection is its own goroutine's
// again. It may be called twice.
func (x *callContext) end() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.over = true
	if x.cancel != nil {
		x.cancel()
	}
	if x.watch != nil {
		_ = x.conn.raw.SetReadDeadline(time.Unix(1, 0)) // long ago; fails only on a closed connection, on which reading ends
		<-x.watch
		x.watch = nil
		_ = x.conn.readUntil(time.Time{}) // as above
	}
}
