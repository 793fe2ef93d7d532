package membership

import "time"

// lapse: the lease has ended before it was renewed. This incarnation may have been
// claimed in between, and the bucket may have lost that by a restore of which nothing
// was noticed. The claimant's fence is in the stream, which tells.
func (m *Member) lapse() {
	if !m.joined {
		m.end(ErrLapsed) // nothing is lost but a start
		return
	}
	m.lease.erased = m.lease.losses == m.epoch.generation || m.lease.erased && m.lease.proven != m.lease.lapses
	m.lease.lapses++
}

// MustProve says that nothing may be done before a record that says nothing was
// appended to the own stream: then Proven is to be called with this number, or Fenced.
func (m *Member) MustProve(now time.Duration) (lapse int, must bool) {
	return m.lease.lapses, m.lease.proven != m.lease.lapses && m.HasLease(now)
}

// Proven says that an append was acknowledged that began when MustProve returned this
// lapse.
func (m *Member) Proven(lapse int) { m.lease.proven = lapse }

// Fenced says that a fence was met in the own stream: somebody has claimed this
// incarnation, even if the bucket has lost that.
func (m *Member) Fenced() {
	if m.over == nil {
		m.end(ErrClaimed)
	}
}

// MayRestart says whether the own stream may be made, or be written behind an earlier
// end than was known, with all records that live: only with a lease, and not once it has resigned. Made says whether
// it was there before: if it went in a lapse, without a loss of the bucket, a claimant
// has deleted it; and who had none yet has no clients to lose.
func (m *Member) MayRestart(made bool, now time.Duration) bool {
	switch _, must := m.MustProve(now); {
	case must && !made:
		m.end(ErrLapsed)
	case must && m.lease.erased:
		m.Fenced()
	}
	return m.HasLease(now) && !m.resigned
}
