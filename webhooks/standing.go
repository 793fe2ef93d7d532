package webhooks

import "hash/maphash"

// standings is what is known of clients by how their last messages went. It
// forgets a client with its close, and who hasn't been heard of for long: it holds
// at most two generations of maxStandings. A client that is forgotten is new again.
type standings struct {
	seed       maphash.Seed
	young, old map[uint64]bool // by the hash of the client's id: whether it went well
}

const maxStandings = 1 << 15

func newStandings() standings { return standings{seed: maphash.MakeSeed(), young: map[uint64]bool{}} }

// kindOf is the kind of the first attempt at a client's message.
func (s *standings) kindOf(client string) kind {
	key := maphash.String(s.seed, client)
	well, known := s.young[key]
	if !known {
		well, known = s.old[key]
	}
	switch {
	case !known:
		return newcomer
	case well:
		return firstTry
	}
	return suspect
}

// note takes in how a client's message went: well and soon, or so that it held its
// slot for long.
func (s *standings) note(client string, well bool) {
	if client == "" {
		return
	}
	key := maphash.String(s.seed, client)
	if was, known := s.young[key]; known && was == well {
		return
	}
	if len(s.young) >= maxStandings {
		s.old, s.young = s.young, map[uint64]bool{}
	}
	s.young[key] = well
}

// forget drops a client that has gone.
func (s *standings) forget(client string) {
	key := maphash.String(s.seed, client)
	delete(s.young, key)
	delete(s.old, key)
}
