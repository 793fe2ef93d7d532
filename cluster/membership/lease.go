package membership

import "time"

// lease is the right to act, and the time in which others' silence counts: both come
// from renewals of the own key that are known to be in the bucket.
type lease struct {
	acked    time.Duration // sending of the latest of these
	held     bool          // there is one
	unbroken time.Duration // since when there was no gap between them
	broken   bool          // there is one now
	lapses   int           // how often it ended and came back
	proven   int           // the lapse since which the stream was found without a fence
	losses   int           // of the bucket, until the latest renewal
	erased   bool          // it came back without a loss of the bucket, so that a missing stream tells of a claim
}

// clock notices gaps, be it that nothing was acknowledged or that this process stood still.
func (m *Member) clock(now time.Duration) {
	if now-m.lease.acked > m.Timing.Gap {
		m.lease.broken = true
	}
}

// renewed takes a renewal for acknowledged. It counts from its sending: from then on
// others may have seen it.
func (m *Member) renewed(sent, now time.Duration) {
	if m.lease.held && sent >= m.LeaseUntil() {
		m.lapse()
		if m.over != nil {
			return
		}
	}
	m.lease.acked, m.lease.held, m.lease.losses = max(sent, m.lease.acked), true, m.epoch.generation
	if m.lease.broken {
		m.lease.unbroken, m.lease.broken = now, false
		m.stale = true
	}
	m.clock(now)
}

// HasLease says whether nobody can have claimed this incarnation by now.
func (m *Member) HasLease(now time.Duration) bool {
	return m.over == nil && m.lease.held && now < m.LeaseUntil()
}

// LeaseUntil is when the lease ends, unless it is renewed.
func (m *Member) LeaseUntil() time.Duration { return m.lease.acked + m.Timing.Lease }

// MayAct says whether a webhook attempt may begin and a connect be accepted. To be
// asked right before each, and again after a connect's record is acknowledged.
func (m *Member) MayAct(now time.Duration) bool {
	return m.joined && !m.leaving && m.lease.proven == m.lease.lapses && m.HasLease(now)
}

// Serving says whether the incarnation is in: it has its key and name, and knows who else is there.
func (m *Member) Serving() bool { return m.over == nil && m.phase == serving }

// renew writes the own key: the first time, each Timing.Renew, and when its state changes.
func (m *Member) renew(now time.Duration) {
	state := Alive
	switch {
	case m.resigned:
		state = Left
	case !m.joined && m.phase != serving:
		state = Joining
	}
	due := m.phase == keying && m.mayReturn(now) ||
		m.phase != keying && (now >= m.lease.acked+m.Timing.Renew || m.table.entries[m.key()].Record.State != state)
	if due && m.free(m.key(), now) {
		m.write(m.key(), Record{Incarnation: m.Incarnation, Name: m.Name, State: state}, now)
	}
}

// sawOwn takes a new revision of the own key: an attempt that got in, or the end.
func (m *Member) sawOwn(e Entry, now time.Duration) {
	switch {
	case e.Record.State == Left:
		m.end(ErrLeft)
		return
	case e.Record.State.over():
		m.end(ErrClaimed)
		return
	}
	sent, mine := m.attempts[e.Record.Nonce]
	if e.Record.Writer != m.Incarnation || !mine {
		return
	}
	clear(m.attempts) // all had the same expected revision: no other can get in
	m.fresh = false
	m.renewed(sent, now)
	if m.phase == keying {
		m.rival.since = e.Revision
		m.phase = listing
	}
	if e.Record.State == Alive && m.phase == serving {
		m.joined = true
	}
}

// Leave forbids new attempts. When those under way have ended, all that is still to be
// told is in the stream and a fence is behind it, Resign is to follow.
func (m *Member) Leave() { m.leaving = true }

// Resign lets the incarnation be left: others may claim it at once. It is over when that
// is acknowledged.
func (m *Member) Resign() { m.leaving, m.resigned = true, true }
