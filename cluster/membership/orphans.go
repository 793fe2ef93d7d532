package membership

import (
	"slices"
	"time"
)

// orphans is the search for streams whose incarnation's key was lost: it joined after
// the copy was made that the bucket was restored from, and has died. It is made once in
// an epoch: streams are listed, then the bucket; whose key isn't there, nor after as long
// as one that lives would take to write it, is claimed.
type orphans struct {
	step    search
	streams []string // still without a key
	since   time.Duration
}

type search int

const (
	unknown    search = iota
	candidates        // the streams are listed
	suspected         // and the bucket since
	certain           // and once more, much later
)

// adoptOrphans goes on with the search.
func (m *Member) adoptOrphans(now time.Duration) {
	if m.phase != serving || !m.HasLease(now) || m.lease.broken || m.leaving {
		return
	}
	patience := m.Timing.Return + m.Timing.Silence
	switch o := &m.orphans; o.step {
	case unknown:
		if now-m.epoch.since >= patience && m.free("streams", now) {
			m.ask(Op{Kind: ListStreams, Key: "streams"})
		}
	case candidates:
		m.list(now)
	case suspected:
		if len(o.streams) > 0 && now-max(o.since, m.lease.unbroken) >= patience {
			m.list(now)
		}
	case certain:
		for _, id := range o.streams {
			if key := IncarnationKey(id); m.free(key, now) {
				m.writeClaim(Record{Incarnation: id}, now)
			}
		}
		m.dropKnown()
	}
}

// foundStreams takes the list of streams.
func (m *Member) foundStreams(ids []string) {
	m.orphans.step, m.orphans.streams = candidates, ids
}

// sifted takes that the bucket was listed anew.
func (m *Member) sifted(now time.Duration) {
	m.dropKnown()
	switch o := &m.orphans; {
	case o.step == candidates:
		o.step, o.since = suspected, now
	case o.step == suspected && now-max(o.since, m.lease.unbroken) >= m.Timing.Return+m.Timing.Silence:
		o.step = certain
	}
}

func (m *Member) dropKnown() {
	m.orphans.streams = slices.DeleteFunc(m.orphans.streams, func(id string) bool {
		_, there := m.table.entries[IncarnationKey(id)]
		return there
	})
}
