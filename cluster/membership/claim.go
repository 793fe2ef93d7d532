package membership

import (
	"slices"
	"time"
)

// claim writes claims of those that this incarnation may claim, each under the revision
// that was watched: who renews in the meantime isn't claimed.
func (m *Member) claim(now time.Duration) {
	if !m.HasLease(now) || m.lease.broken || m.leaving {
		return
	}
	for _, id := range m.table.ids {
		key := IncarnationKey(id)
		e := m.table.entries[key]
		if id != m.Incarnation && m.free(key, now) && m.claimable(e, now) {
			m.writeClaim(e.Record, now)
		}
	}
}

// claimable says whether e may be claimed: for silence if its renewals are watched or it
// has the name that is wanted here, else because anybody may.
func (m *Member) claimable(e sighting, now time.Duration) bool {
	id := e.Record.Incarnation
	switch e.Record.State {
	case Joining, Alive:
		return (id == m.rival.id || m.phase == serving && slices.Contains(m.table.watch, id)) && m.silent(e)
	case Left:
		return m.phase == serving && m.turn(e, now)
	case Claimed:
		return m.phase == serving && m.void(e, now) && m.turn(e, now)
	}
	return false
}

// writeClaim asks for the claim of what r tells of.
func (m *Member) writeClaim(r Record, now time.Duration) {
	r.State, r.Claimant = Claimed, m.Incarnation
	m.write(IncarnationKey(r.Incarnation), r, now)
}

// silent: only time counts in which the own renewals were acknowledged without a gap, so
// that nobody is claimed for an outage of NATS. After a loss of the bucket who had no
// lease waits before it comes back, and so has twice the time.
func (m *Member) silent(e sighting) bool {
	wait := m.Timing.Silence
	if e.Record.Epoch != m.epoch.id {
		wait += m.Timing.Return
	}
	return m.lease.acked-max(e.seen, m.lease.unbroken) >= wait
}

// void says whether a claim counts no more: the claimant is over itself. Claims don't
// expire.
func (m *Member) void(e sighting, now time.Duration) bool {
	if e.Record.Claimant == m.Incarnation {
		return false
	}
	c, there := m.table.incarnation(e.Record.Claimant)
	if !there { // purged; or it has yet to come back after a loss
		return now-max(e.seen, m.epoch.since, m.lease.unbroken) >= m.Timing.Return+m.Timing.Silence
	}
	return c.Record.State.over()
}

// turn spreads what anybody may claim at once over all, and lets the next have it if
// the first doesn't act.
func (m *Member) turn(e sighting, now time.Duration) bool {
	since := max(e.seen, m.lease.unbroken)
	if c, there := m.table.incarnation(e.Record.Claimant); there && e.Record.State == Claimed {
		since = max(since, c.seen)
	}
	return now-since >= time.Duration(m.table.rank(e.Record.Incarnation))*m.Timing.Rank
}
