package jetstream

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"time"
)

// Open opens the log, or makes it, and reads it once. A damaged one doesn't
// stop it: what can be read is kept, the rest is set aside, and Opened says
// so. An error says that there is no writing here, and why; store.ErrLocked that
// another process has the directory.
func Open(ctx context.Context, o Options) (*Store, error) {
	if err := o.complete(); err != nil {
		return nil, err
	}
	start := time.Now()
	s := &Store{options: o, log: o.Logger, most: payload, fresh: make(map[string]freshWrite), owed: make(map[string]struct{}),
		work: make(chan struct{}, 1), rewrite: make(chan struct{}, 1),
		gone: make(chan string, 1), back: make(chan struct{}, 1), token: newToken()}
	s.near = newCache()
	s.ctx, s.cancel = context.WithCancel(context.Background())
	err := s.openExternal(ctx)
	if err != nil {
		s.abandon()
		return nil, err
	}
	s.opened.Records, s.opened.Bytes, s.opened.Took = s.index.records, s.index.used, time.Since(start)
	if s.seen, err = newSeen(s, o.Registerer); err != nil {
		s.abandon()
		return nil, err
	}
	s.begin()
	return s, nil
}

// newToken is a token whose upper half is this store's alone.
func newToken() uint64 {
	var b [8]byte
	_, _ = rand.Read(b[:4]) // never fails
	return binary.BigEndian.Uint64(b[:])
}

// begin starts what works in the background.
func (s *Store) begin() {
	s.workers.Go(s.commitWrites)
	ctx, cancel := context.WithCancel(s.ctx)
	s.compact = cancel
	s.workers.Go(func() { s.compactLog(ctx) })
	if s.wantsCompaction() {
		s.wakeCompactor()
	}
}

// abandon gives back what a failed Open holds.
func (s *Store) abandon() {
	s.cancel()
	if s.link != nil {
		s.link.nc.Close()
	}
}

// report notes damage that Open came upon.
func (s *Store) report(damage string) {
	s.log.Error("store: damage", "what", damage)
	if s.opened.Damage != "" {
		damage = s.opened.Damage + "; " + damage
	}
	s.opened.Damage = damage
}
