package jetstream

import (
	"context"
	"errors"

	"gatepost/store"
)

// proveWithRoom is prove, for which a server that is full is given room: it
// takes not even the delete of a record, so that without this what is done with
// would never go.
func (s *Store) proveWithRoom(ctx context.Context) error {
	err := s.prove(ctx)
	if !errors.Is(cause(err), store.ErrFull) {
		return err
	}
	if roomErr := s.makeRoom(ctx); roomErr != nil {
		return errors.Join(err, roomErr)
	}
	return s.prove(ctx)
}

// makeRoom removes the messages at the front of the log in which nothing counts but
// records whose delete has failed, and these with them. It is for while nothing is
// written.
func (s *Store) makeRoom(ctx context.Context) error {
	s.mu.Lock()
	gone, stays := s.takeOwed()
	s.mu.Unlock()
	if stays == 0 {
		return nil
	}
	err := s.link.purge(ctx, stays)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		for key, at := range gone {
			s.index.put(key, at)
			s.owed[key] = struct{}{}
		}
		return err
	}
	s.index.drop(stays)
	return nil
}

// takeOwed forgets the owed keys in the messages at the front that hold nothing else,
// and says where these were, and where the first message begins that stays; 0: no message
// goes. mu is held.
func (s *Store) takeOwed() (gone map[string]place, stays uint64) {
	owed := make(map[uint64]uint32)
	for key := range s.owed {
		if at, ok := s.index.get(key); ok {
			owed[at.seq]++
		}
	}
	m, n := s.index.messages, 0
	for n < len(m)-1 && m[n].live == owed[m[n].seq] { // the last stays, see dead
		n++
	}
	if n == 0 {
		return nil, 0
	}
	stays = m[n].seq
	gone = make(map[string]place)
	for key := range s.owed {
		if at, ok := s.index.get(key); ok && at.seq < stays {
			gone[key] = at
			s.index.delete(key)
			delete(s.owed, key)
		}
	}
	return gone, stays
}
