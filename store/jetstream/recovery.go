package jetstream

import (
	"context"
	"errors"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

const (
	firstRetry = 100 * time.Millisecond
	lastRetry  = 5 * time.Second
)

// goDown makes each write fail at once from now on, and fails those under way
// and all that wait.
func (s *Store) goDown(why error, underWay ...*batch) {
	s.mu.Lock()
	was := s.down
	s.down = why
	waiting := append(underWay, s.waiting...)
	s.waiting = nil
	s.mu.Unlock()
	for _, c := range waiting {
		s.settle(c, 0, why)
	}
	if was == nil {
		s.log.Error("store: nothing can be kept", "error", why)
	}
}

// recoverLog tries, ever more slowly but at once when the connection is back, until
// the log takes writes again or the store is closed: nothing waits then, for
// everything has failed.
func (s *Store) recoverLog() {
	since := time.Now()
	for wait := firstRetry; ; wait = min(2*wait, lastRetry) {
		select {
		case <-time.After(wait):
		case <-s.back:
			wait = firstRetry
		case <-s.ctx.Done():
			return
		}
		s.mu.Lock()
		closed := s.closed
		s.mu.Unlock()
		if closed {
			return
		}
		err := s.reopen()
		if err == nil {
			s.log.Info("store: keeps writes again", "after", time.Since(since).Round(time.Millisecond))
			return
		}
		if s.ctx.Err() != nil {
			return
		}
		s.log.Warn("store: still nothing can be kept", "error", err)
		s.mu.Lock()
		s.down = cause(err)
		s.mu.Unlock()
	}
}

// reopen makes one try to get over a failure: a look at whether all is there, and
// one message as a proof.
func (s *Store) reopen() error {
	ctx, cancel := context.WithTimeout(s.ctx, time.Minute)
	defer cancel()
	stream, err := s.ensureStream(ctx)
	if err != nil {
		return err
	}
	if err := s.catchUp(ctx, stream.state); err != nil {
		return err
	}
	return s.proveWithRoom(ctx)
}

// catchUp makes the index agree with the stream, as it is after the failure.
func (s *Store) catchUp(ctx context.Context, state jetstream.StreamState) error {
	s.mu.Lock()
	agrees := state.LastSeq == s.last && s.index.has(state.FirstSeq, state.Msgs)
	s.mu.Unlock()
	if agrees {
		return nil
	}
	if state.LastSeq >= s.last {
		_, err := s.look(ctx)
		if err == nil || errors.Is(err, errForeign) {
			return err
		}
	}
	d, err := load(ctx, s.link, state, s.good)
	if err != nil {
		return err
	}
	if state.LastSeq < s.last || d.damage() != "" {
		s.log.Error("store: the log came back damaged; acknowledged writes may be lost",
			"expected", s.last, "found", state.LastSeq, "damage", d.damage())
	}
	s.mu.Lock()
	s.index = d.index
	s.mu.Unlock()
	s.last, s.good = d.last, min(s.good, d.good)
	s.near.drop()
	return nil
}

// prove writes a message without records. It also says that whatever was given
// up before it doesn't count.
func (s *Store) prove(ctx context.Context) error {
	s.token++
	message := make([]byte, headSize)
	writeHead(message, s.token, s.good)
	seq, err := s.publish(ctx, message)
	if err != nil {
		return err
	}
	s.last, s.good = seq, seq
	s.mu.Lock()
	s.index.append(seq, len(message))
	s.down = nil
	s.makeUp()
	s.mu.Unlock()
	return nil
}

// streamBound is how much the stream itself takes: more than puts may use, so
// that deletes and compaction always have room.
func (s *Store) streamBound() int64 {
	return s.options.MaxBytes + s.options.MaxBytes/4 + slack
}
