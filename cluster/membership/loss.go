package membership

import (
	"fmt"
	"slices"
	"time"
)

// epoch is which history of the bucket this member is in.
type epoch struct {
	id         string
	past       map[string]bool
	since      time.Duration // since when a leader has answered without a gap, from when it was agreed on
	heard      time.Duration // when one last did, before the own key is in
	generation int           // counts losses: what comes from before is ignored
	claims     []sighting    // made or heard of before the loss
	recalled   bool          // the bucket was listed since
}

func (e *epoch) foreign(id string) bool { return id != e.id && !e.past[id] }

// Losses counts how often the bucket was found wiped or rolled back; with each the
// member's stream is to be looked after.
func (m *Member) Losses() int { return m.epoch.generation }

// lose begins anew in what the bucket has become: another epoch, or revisions that went
// back. The lease goes on until it ends, for nobody can have claimed this incarnation.
// Whoever held none for as long as claims are remembered can't know, and is over.
func (m *Member) lose(now time.Duration) {
	if !m.fresh && now-m.LeaseUntil() > m.Timing.Memory {
		m.end(ErrForgotten)
		return
	}
	for _, id := range m.table.ids {
		e := m.table.entries[IncarnationKey(id)]
		if (e.Record.State == Claimed || e.Record.State == Done) && now-e.seen < m.Timing.Memory {
			m.epoch.claims = append(m.epoch.claims, e)
		}
	}
	m.epoch.generation++
	m.epoch.recalled, m.orphans = false, orphans{}
	m.phase, m.table, m.rival = agreeing, newTable(m.Incarnation), rival{}
	m.ops = nil
	clear(m.pending)
	clear(m.busy)
	clear(m.retry)
	clear(m.attempts)
	for _, t := range m.takeovers {
		t.busy = false
		t.recalled = t.step == fencing // nothing tells the claimed one of its claim
	}
}

// agree finds the bucket's epoch, or names a new one by revision.
func (m *Member) agree(now time.Duration) {
	if m.free(EpochKey, now) {
		m.ask(Op{Kind: Read, Key: EpochKey})
	}
}

func (m *Member) readEpoch(a Answer, now time.Duration) {
	var found Entry
	switch {
	case a.Result == OK:
		found = a.Entries[0]
		if m.epoch.foreign(found.Record.Epoch) {
			m.enter(found, now)
			return
		}
	case a.Result != Missing:
		return
	}
	m.nonce++
	id := fmt.Sprintf("%016x", m.Random())
	m.ask(Op{Kind: Write, Key: EpochKey, Record: Record{Epoch: id, Writer: m.Incarnation, Nonce: m.nonce}, Expected: found.Revision})
}

// enter takes an epoch that is in the bucket.
func (m *Member) enter(e Entry, now time.Duration) {
	if m.epoch.id != "" {
		m.epoch.past[m.epoch.id] = true
	}
	m.epoch.id, m.epoch.since, m.epoch.heard = e.Record.Epoch, now, now
	m.table.put(e, now)
	m.phase = keying
	if !m.fresh {
		m.phase = recalling
	}
}

// recall writes the claims that the loss undid, before the own key: else who was
// claimed, and doesn't know it, could come back as if nothing had been.
func (m *Member) recall(now time.Duration) {
	if !m.epoch.recalled {
		m.list(now)
		return
	}
	m.epoch.claims = slices.DeleteFunc(m.epoch.claims, func(c sighting) bool {
		e, there := m.table.entries[c.Key]
		mine := c.Record.Claimant == m.Incarnation && e.Record.Claimant != m.Incarnation && m.HasLease(now)
		if there && (e.Record.Epoch == m.epoch.id || e.Record.Claimant != "" && !mine) {
			return true // known, or it has come back before: then it stays
		}
		if m.free(c.Key, now) {
			c.Record.Recalled = true
			m.write(c.Key, c.Record, now)
		}
		return false
	})
	if len(m.epoch.claims) == 0 {
		m.phase = keying
	}
}

// mayReturn says whether the own key may be written after a loss: at once while the
// lease is valid. Else another may have claimed it, and acts by a lease of before the
// loss, or will write its claim; so it waits until it would have. Only time counts in
// which a leader answered.
func (m *Member) mayReturn(now time.Duration) bool {
	_, must := m.MustProve(now)
	return m.fresh || m.HasLease(now) && !must ||
		now-m.epoch.since >= m.Timing.Return && now-m.epoch.heard <= m.Timing.Gap
}

// probe finds out whether there is a leader, by a write that it can only refuse.
func (m *Member) probe(now time.Duration) {
	if m.free(EpochKey, now) {
		m.ask(Op{Kind: Write, Key: EpochKey, Record: m.table.entries[EpochKey].Record})
	}
}

func (m *Member) refused(now time.Duration) {
	if now-m.epoch.heard > m.Timing.Gap {
		m.epoch.since = now
	}
	m.epoch.heard = now
}
