package gateway

import (
	"context"
	"sync"
	"sync/atomic"
)

// tenure is the context in which a lane's worker delivers. It ends with the node's life,
// or where end is called. Most deliveries never wait for its end, so it becomes a
// cancellable context only where one does.
type tenure struct {
	context.Context // the node's life
	why             atomic.Pointer[error]

	mu     sync.Mutex // guards the following
	whole  context.Context
	cancel context.CancelCauseFunc
}

// tenure gives one that hasn't ended. It is to be released.
func (g *Gateway) tenure() *tenure {
	if t, ok := g.tenures.Get().(*tenure); ok {
		return t
	}
	return &tenure{Context: g.life}
}

// release gives back a tenure that nobody waits in any more.
func (g *Gateway) release(t *tenure) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.cancel != nil {
		t.cancel(nil)
	} else if t.why.Load() == nil {
		g.tenures.Put(t)
	}
}

// end ends it, for this reason unless there was one before.
func (t *tenure) end(why error) {
	t.why.CompareAndSwap(nil, &why)
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.cancel != nil {
		t.cancel(*t.why.Load())
	}
}

func (t *tenure) hasEnded() bool { return t.why.Load() != nil }

// Err is context.Context's. It is the cause too.
func (t *tenure) Err() error {
	if why := t.why.Load(); why != nil {
		return *why
	}
	return t.Context.Err()
}

// Done is context.Context's.
func (t *tenure) Done() <-chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.whole == nil {
		t.whole, t.cancel = context.WithCancelCause(t.Context)
		if why := t.why.Load(); why != nil {
			t.cancel(*why)
		}
	}
	return t.whole.Done()
}

// Value is context.Context's.
func (t *tenure) Value(key any) any {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.whole != nil {
		return t.whole.Value(key)
	}
	return t.Context.Value(key)
}
