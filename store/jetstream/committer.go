package jetstream

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gatepost/store"
)

const (
	// pace is the least time from one message to the next: while it runs,
	// writes gather. A write that comes alone doesn't wait.
	pace = time.Millisecond
	// patience is how long one message is tried before its writes fail.
	patience = 10 * time.Second
)

// commitWrites sends what waits, message by message, until the store is closed.
func (s *Store) commitWrites() {
	for {
		c := s.next()
		if c == nil {
			return
		}
		start := time.Now()
		seq, err := s.send(c)
		s.lastSent = time.Now()
		s.seen.commit(s.lastSent.Sub(start), err)
		if err == nil || errors.Is(err, errBound) {
			s.settle(c, seq, err)
			continue
		}
		s.goDown(err, c)
		s.recoverLog()
	}
}

// next waits for the next message; nil: the store is closed and nothing waits.
func (s *Store) next() *batch {
	for {
		s.mu.Lock()
		waits, closed := len(s.waiting) > 0, s.closed
		if waits && (closed || time.Since(s.lastSent) >= pace) {
			c := s.waiting[0]
			s.waiting[0] = nil
			s.waiting = s.waiting[1:]
			s.mu.Unlock()
			return c
		}
		s.mu.Unlock()
		switch {
		case waits:
			time.Sleep(pace - time.Since(s.lastSent))
		case closed:
			return nil
		default:
			<-s.work
		}
	}
}

// settle makes a message's writes count, or fail.
func (s *Store) settle(c *batch, seq uint64, err error) {
	s.mu.Lock()
	s.pending -= c.memory
	s.growing -= int64(len(c.message) + overhead)
	if err == nil {
		s.index.append(seq, len(c.message))
	}
	for i, w := range c.writes {
		if err == nil {
			if w.op == opDelete {
				s.index.delete(w.key)
			} else {
				s.index.put(w.key, place{seq: seq, off: w.off, size: w.size})
			}
		}
		if f, ok := s.fresh[w.key]; ok && f.commit == c && f.i == i {
			delete(s.fresh, w.key)
			if err != nil && w.op == opDelete {
				s.owed[w.key] = struct{}{}
			}
		}
	}
	if len(s.fresh) == 0 && c.memory > 1<<20 {
		s.fresh = make(map[string]freshWrite) // maps never shrink
	}
	if errors.Is(err, errBound) {
		s.full = true
	}
	if s.wantsCompaction() {
		s.wakeCompactor()
	}
	if err == nil {
		s.makeUp()
	}
	s.mu.Unlock()
	c.finish(err)
}

// errBound is the stream's own bound: the message is refused, no more.
var errBound = fmt.Errorf("%w: the stream takes no more", store.ErrFull)

// send publishes a message until it is known to be kept, or given up.
func (s *Store) send(c *batch) (uint64, error) {
	s.token++
	ctx, cancel := context.WithTimeout(s.ctx, patience)
	defer cancel()
	for wait := 50 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		writeHead(c.message, s.token, s.good)
		seq, err := s.publish(ctx, c.message)
		switch {
		case err == nil:
			s.last, s.good = seq, seq
			return seq, nil
		case errors.Is(err, errBound):
			return 0, err
		case lacksRoom(err):
			return 0, cause(err)
		}
		// Over a network the outcome is unknown, and most often soon over.
		kept, lookErr := s.look(ctx)
		switch {
		case lookErr == nil && kept > 0:
			s.last, s.good = kept, kept
			return kept, nil
		case errors.Is(lookErr, errForeign) || errors.Is(lookErr, errLost):
			return 0, cause(lookErr)
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return 0, cause(err)
		}
	}
}

// publish makes one attempt. It ends early if the connection breaks: no answer
// comes then.
func (s *Store) publish(ctx context.Context, message []byte) (uint64, error) {
	select {
	case <-s.gone: // before this attempt
	default:
	}
	ctx, cancel := context.WithTimeout(ctx, patience/4)
	defer cancel()
	return s.link.publish(ctx, message, s.last, s.gone)
}

var (
	errForeign = errors.New("another process writes to this stream")
	errLost    = errors.New("the stream has lost what it had acknowledged")
)

// look finds out whether the message with the current token was kept after
// all, and as what; 0: it wasn't.
func (s *Store) look(ctx context.Context) (uint64, error) {
	l := s.link
	state, err := l.state(ctx)
	if err != nil {
		return 0, err
	}
	if state.LastSeq < s.last {
		return 0, errLost
	}
	for seq := s.last + 1; seq <= state.LastSeq; seq++ {
		data, err := l.message(ctx, seq)
		if err != nil {
			return 0, err
		}
		token, _, err := readHead(data)
		if err != nil || token>>32 != s.token>>32 {
			return 0, errForeign
		}
		if token == s.token {
			return seq, nil
		}
		// One that was given up has come late.
		s.mu.Lock()
		s.index.append(seq, len(data))
		s.mu.Unlock()
		s.last = seq
	}
	return 0, nil
}
