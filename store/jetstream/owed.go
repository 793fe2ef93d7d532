package jetstream

// makeUp does deletes that have failed, as far as there is room for them: who
// asked for them has gone on, and what they left would be there for ever. mu is
// held.
func (s *Store) makeUp() {
	if len(s.owed) == 0 {
		return
	}
	for key := range s.owed {
		size := recordSize(key, 0)
		if s.pending+size > maxPending/2 || s.refusal(size) != nil {
			return
		}
		delete(s.owed, key)
		_, waits := s.fresh[key]
		if _, ok := s.index.get(key); ok && !waits {
			s.write(opDelete, key, nil, size)
		}
	}
	s.owed = map[string]struct{}{} // maps never shrink
}
