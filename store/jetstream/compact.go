package jetstream

import (
	"context"
	"fmt"
	"time"

	"gatepost/store"
)

const (
	// worthIt is how much garbage there is before compaction begins.
	worthIt = 8 << 20
	// step is about how many live bytes are rewritten at a time.
	step = 1 << 20
)

// wantsCompaction says whether rewriting would pay: more garbage than live
// records, or much of it while room is short.
func (s *Store) wantsCompaction() bool {
	x := s.index
	garbage, limit := x.garbage(), s.options.MaxBytes
	return garbage > min(worthIt, limit/8) && (garbage > x.live || x.used > limit/4*3 && garbage > limit/16)
}

func (s *Store) wakeCompactor() {
	select {
	case s.rewrite <- struct{}{}:
	default:
	}
}

// compactLog rewrites what is live at the front of the log to its end and
// removes the front, whenever that pays.
func (s *Store) compactLog(ctx context.Context) {
	var again <-chan time.Time
	wait := time.Second
	for {
		select {
		case <-s.rewrite:
			if again != nil {
				continue // after a failure, in its time
			}
		case <-again:
		case <-ctx.Done():
			return
		}
		again = nil
		for {
			s.mu.Lock()
			pays := s.down == nil && s.wantsCompaction()
			s.mu.Unlock()
			if !pays || ctx.Err() != nil {
				break
			}
			if err := s.compactStep(ctx); err != nil {
				if ctx.Err() == nil {
					s.log.Warn("store: compaction failed; it is tried again later", "error", err, "in", wait)
				}
				again = time.After(wait)
				wait = min(2*wait, 10*time.Minute)
				break
			}
			wait = time.Second
		}
	}
}

// compactStep rewrites some live records from the front, waits until they are
// kept and on the disk, and removes the front up to the first message that
// still holds a live one. A crash between any two of these leaves at most the
// same record twice, and the later one counts.
func (s *Store) compactStep(ctx context.Context) error {
	var commits []*batch
	for _, seq := range s.front() {
		data, err := s.link.message(ctx, seq)
		if err != nil {
			return fmt.Errorf("reading message %d: %w", seq, err)
		}
		c, err := s.again(seq, data)
		if err != nil {
			return err
		}
		commits = append(commits, c...)
	}
	for _, c := range commits {
		if err := c.Wait(ctx); err != nil {
			return err
		}
	}
	return s.removeFront(ctx)
}

// front is which messages to rewrite next: the first ones with live records.
func (s *Store) front() []uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	var (
		seqs  []uint64
		bytes int
	)
	m := s.index.messages
	for i := 0; i < len(m)-1 && bytes < step && len(seqs) < 4096; i++ {
		if m[i].live > 0 {
			seqs = append(seqs, m[i].seq)
			bytes += int(m[i].bytes)
		}
	}
	return seqs
}

// again writes the live records of a message anew. Those that a waiting write
// will replace are left: if that fails they are met again.
func (s *Store) again(seq uint64, data []byte) ([]*batch, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.down != nil {
		return nil, store.ErrUnavailable
	}
	var commits []*batch
	found := uint32(0)
	records(data, func(r record, off, size int) {
		key := string(r.key)
		at, ok := s.index.get(key)
		if !ok || at.seq != seq || at.off != uint32(off) {
			return
		}
		found++
		if _, ok := s.fresh[key]; ok {
			return
		}
		c := s.filling(size)
		s.record(c, opPut, key, r.value)
		if len(commits) == 0 || commits[len(commits)-1] != c {
			commits = append(commits, c)
		}
	})
	if m := s.index.message(seq); m != nil && m.live > found {
		// Only the next Open may say that they are lost.
		return commits, fmt.Errorf("message %d has become damaged", seq)
	}
	return commits, nil
}

// removeFront purges the messages at the front in which nothing counts.
func (s *Store) removeFront(ctx context.Context) error {
	s.mu.Lock()
	n, stays := s.index.dead()
	s.mu.Unlock()
	if n == 0 {
		return nil
	}
	if err := s.link.purge(ctx, stays); err != nil {
		return err
	}
	s.mu.Lock()
	s.index.drop(stays)
	s.mu.Unlock()
	s.seen.compacted.Inc()
	return nil
}
