package webhooks

import "time"

// recall makes of a message's first try the kind that fits what is known of its client,
// and notes of a repeated one whether the client is likely to hang.
func (t *turns) recall(s *seat) {
	if s.class != messages {
		return
	}
	known := t.known.kindOf(s.clientID())
	switch s.kind {
	case firstTry:
		s.kind = known
	case repeated:
		s.doubtful = known == suspect
	}
}

// learn notes what the end of the attempt of s says of its client, and of those
// whose attempts it has overtaken. (A batch that fails says nothing of who leads it.)
func (t *turns) learn(s *seat, how load, says sign, now time.Time) {
	switch {
	case s.class == closes:
		t.known.forget(s.clientID())
	case s.class == messages && how == late && says == absent:
		t.known.note(s.clientID(), false)
	case s.class == messages && says == well && !s.slow:
		t.known.note(s.clientID(), true)
	}
	if says != well && says != decided {
		return
	}
	for _, w := range t.slots.overtaken(s.began, now) {
		t.known.note(w.owner.clientID(), false)
	}
}

// vouch notes that messages went well that travelled along.
func (t *turns) vouch(riders []*seat) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, s := range riders {
		if s.class == messages {
			t.known.note(s.clientID(), true)
		}
	}
}

// clientID is whose event the attempt began with.
func (s *seat) clientID() string {
	if s.job == nil {
		return ""
	}
	return s.job.clientID()
}
