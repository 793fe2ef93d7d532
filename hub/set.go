package hub

import "slices"

// fewMembers is up to how many clients a set is a slice: most uids have one or two.
const fewMembers = 16

// set is the clients that have one name. Its shard's lock guards it.
type set struct {
	name string // never changes
	few  []*Client
	many map[*Client]struct{} // nil while few holds them all
	open int                  // members in the state open
	uids map[string]int       // of a group: open members by uid, those without one left out
}

func (s *set) size() int { return len(s.few) + len(s.many) }

func (s *set) add(c *Client) {
	if s.many == nil && len(s.few) < fewMembers {
		s.few = append(s.few, c)
		return
	}
	if s.many == nil {
		s.many = make(map[*Client]struct{}, 2*fewMembers)
		for _, member := range s.few {
			s.many[member] = struct{}{}
		}
		s.few = nil
	}
	s.many[c] = struct{}{}
}

func (s *set) remove(c *Client) {
	if s.many != nil {
		delete(s.many, c)
		return
	}
	if i := slices.Index(s.few, c); i >= 0 {
		s.few = slices.Delete(s.few, i, i+1)
	}
}

func (s *set) appendTo(into []*Client) []*Client {
	into = append(into, s.few...)
	for c := range s.many {
		into = append(into, c)
	}
	return into
}

// countUID adds delta to the open members with this uid; an empty one is nobody's.
func (s *set) countUID(uid string, delta int) {
	if uid == "" {
		return
	}
	if s.uids == nil {
		s.uids = map[string]int{}
	}
	if s.uids[uid] += delta; s.uids[uid] == 0 {
		delete(s.uids, uid)
	}
}
