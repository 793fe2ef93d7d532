package gateway

import (
	"slices"
	"time"
)

// leftovers is what an earlier process, or another node, left of clients, by their
// ids.
type leftovers map[string]*remains

// remains is what was left of one client: a record, events, or both.
type remains struct {
	record *record // nil: only events
	events []occurrence
}

// of is what was left of a client, for the caller to add to.
func (l leftovers) of(id string) *remains {
	if l[id] == nil {
		l[id] = &remains{}
	}
	return l[id]
}

// add adds what came of a client. first says that nothing was there of it.
func (l leftovers) add(id string, more *remains) (first bool) {
	if r := l[id]; r != nil {
		r.merge(more)
		return false
	}
	l[id] = more
	return true
}

// add notes an occurrence once. A message and the event that was made of it are one.
func (r *remains) add(o occurrence) {
	i := slices.IndexFunc(r.events, func(other occurrence) bool { return other.seq == o.seq })
	switch {
	case i < 0:
		r.events = append(r.events, o)
	case r.events[i].kept != nil:
		r.events[i].recorded = r.events[i].recorded || o.recorded
	default:
		o.recorded = o.recorded || r.events[i].recorded
		r.events[i] = o
	}
}

// merge adds what came later of the same client.
func (r *remains) merge(more *remains) {
	if more.record != nil {
		r.record = more.record
	}
	for _, o := range more.events {
		r.add(o)
	}
}

// path is where the client connected.
func (r *remains) path() string {
	switch {
	case r.record != nil:
		return r.record.Path
	case r.events[0].kept != nil:
		return r.events[0].kept.Path
	}
	return ""
}

// due is when the client's first event may be tried: the zero time, unless it waits
// for a later try.
func (r *remains) due() time.Time {
	if len(r.events) > 0 && r.events[0].kept != nil {
		return r.events[0].kept.Due()
	}
	return time.Time{}
}
