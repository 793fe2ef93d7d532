package membership

import "time"

// rival is the incarnation that holds this one's name.
type rival struct {
	id       string
	since    uint64 // revision of the own key when it was first written
	renewals int    // of the rival behind that
	listed   uint64 // revision up to which the bucket was listed
}

// takeName makes this incarnation the current one of its name, once the last one is
// over. It isn't decided by what is read: the name is changed by revision only, and an
// incarnation that is over never comes back. That the holder has no key counts only in a
// list that isn't older than its name.
func (m *Member) takeName(now time.Duration) {
	key := NameKey(m.Name)
	e, there := m.table.entries[key]
	if there && e.Record.State != Purged {
		holder := e.Record.Incarnation
		old, known := m.table.entries[IncarnationKey(holder)]
		switch {
		case holder == m.Incarnation:
			m.rival.id, m.phase = "", serving
			return
		case !known && m.rival.listed < e.Revision:
			m.phase = listing
			return
		case known && !old.Record.State.over():
			if m.rival.id != holder {
				m.rival.id, m.rival.renewals = holder, 0
			}
			return // until it is claimed, or renews
		}
	}
	m.rival.id = ""
	if m.free(key, now) {
		m.write(key, Record{Incarnation: m.Incarnation, Name: m.Name}, now)
	}
}

// sawRival counts renewals. One behind the own key may have been on its way when its
// writer died; the second was sent after the first was acknowledged, by a process that runs.
func (m *Member) sawRival(e Entry) {
	if e.Record.Incarnation != m.rival.id || e.Record.State.over() || e.Revision <= m.rival.since {
		return
	}
	if m.rival.renewals++; m.rival.renewals > 1 {
		m.end(ErrNameTaken)
	}
}
