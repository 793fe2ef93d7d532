package store

import (
	"context"
	"errors"
	"path/filepath"
)

// Close writes and syncs what waits and gives the directory back. When ctx
// ends before, what still waits fails.
func (s *Store) Close(ctx context.Context) error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return ErrClosed
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
	if s.dir == nil {
		s.link.Load().nc.Close()
		return err
	}
	s.stopEmbedded()
	s.mu.Lock()
	down := s.down
	s.mu.Unlock()
	if down == nil {
		err = errors.Join(err, syncBlocks(filepath.Join(s.options.Dir, jetstreamDir), s.link.Load().stream), s.dir.setNote(note{Closed: s.last, First: s.first()}))
	}
	s.dir.close()
	return err
}

// failWaiting fails what a Close without patience left.
func (s *Store) failWaiting() {
	s.mu.Lock()
	waiting := s.waiting
	s.waiting = nil
	s.mu.Unlock()
	for _, c := range waiting {
		s.settle(c, 0, ErrClosed)
	}
}
