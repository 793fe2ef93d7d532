package membership

import "time"

// purge deletes keys of which nothing is left to do, an old name's first.
func (m *Member) purge(now time.Duration) {
	if m.phase != serving || !m.HasLease(now) || m.leaving {
		return
	}
	for _, id := range m.table.ids {
		e, there := m.table.incarnation(id)
		if !there || e.Record.State != Done || now-e.seen < m.Timing.Memory || m.table.rank(id) > 0 || m.claims(id) {
			continue
		}
		if n := m.table.entries[NameKey(e.Record.Name)]; n.Record.Incarnation == id && n.Record.State != Purged {
			e = n
		}
		if m.free(e.Key, now) {
			m.ask(Op{Kind: Purge, Key: e.Key, Expected: e.Revision})
		}
	}
}

// claims says whether something is still claimed by id.
func (m *Member) claims(id string) bool {
	for key, e := range m.table.entries {
		if isIncarnation(key) && e.Record.State == Claimed && e.Record.Claimant == id {
			return true
		}
	}
	return false
}
