package gateway

import (
	"context"
	"sync"
)

// pending counts what has begun and isn't finished, and lets one wait until
// nothing is. Unlike a sync.WaitGroup it may be waited for while more begins, and
// the waiting be given up.
type pending struct {
	mu    sync.Mutex
	count int           // guarded by mu
	idle  chan struct{} // guarded by mu; closed when count falls to zero, nil unless waited for
}

func (p *pending) add() {
	p.mu.Lock()
	p.count++
	p.mu.Unlock()
}

func (p *pending) done() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.count--
	if p.count == 0 && p.idle != nil {
		close(p.idle)
		p.idle = nil
	}
}

func (p *pending) len() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.count
}

// wait returns when nothing is pending, or with the context's error.
func (p *pending) wait(ctx context.Context) error {
	p.mu.Lock()
	if p.count == 0 {
		p.mu.Unlock()
		return nil
	}
	if p.idle == nil {
		p.idle = make(chan struct{})
	}
	idle := p.idle
	p.mu.Unlock()
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
