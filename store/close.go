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
	down := s.down
	s.mu.Unlock()
	s.compact()
	if down != nil {
		s.cancel() // nothing waits; recovery would go on for ever
	}
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
	s.goDownClosed()
	s.seen.unregister()
	if s.dir == nil {
		s.link.Load().nc.Close()
		return err
	}
	sync := s.engine != nil && down == nil
	s.stopEmbedded()
	if sync {
		err = errors.Join(err, syncFiles(filepath.Join(s.options.Dir, jetstreamDir), s.link.Load().stream), s.dir.setNote(note{Closed: s.last, First: s.first()}))
	}
	s.dir.close()
	return err
}

// goDownClosed fails what a Close without patience left.
func (s *Store) goDownClosed() {
	s.mu.Lock()
	waiting := s.waiting
	s.waiting = nil
	s.mu.Unlock()
	for _, c := range waiting {
		s.settle(c, 0, ErrClosed)
	}
}
