package jetstream

import (
	"context"

	"gatepost/store"
)

// Close writes what waits. When ctx ends before, what still waits fails.
func (s *Store) Close(ctx context.Context) error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return store.ErrClosed
	}
	s.closed = true
	s.mu.Unlock()
	s.compact()
	select {
	case s.work <- struct{}{}:
	default:
	}
	finished := make(chan struct{})
	go func() { s.workers.Wait(); close(finished) }()
	var err error
	select {
	case <-finished:
	case <-ctx.Done():
		err = ctx.Err()
		s.cancel()
		<-finished
	}
	s.cancel()
	s.failWaiting()
	s.seen.unregister()
	s.link.nc.Close()
	return err
}

// failWaiting fails what a Close without patience left.
func (s *Store) failWaiting() {
	s.mu.Lock()
	waiting := s.waiting
	s.waiting = nil
	s.mu.Unlock()
	for _, c := range waiting {
		s.settle(c, 0, store.ErrClosed)
	}
}
