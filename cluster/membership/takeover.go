package membership

import (
	"slices"
	"time"
)

// takeover is the work on one claimed incarnation.
type takeover struct {
	of    string
	step  step
	fence uint64 // sequence of the fence, or the stream's last one that is expected below it
	gone  bool   // there is no stream
	busy  bool
	next  time.Duration

	recalled bool // its claim was lost before there was a fence, and isn't written again
}

type step int

const (
	fencing  step = iota
	reading       // what is below the fence
	acting        // telling it, as the stream's writer
	deleting      // the stream
	finishing
)

// ActsFor says whether attempts for id's clients may begin: it is claimed by this
// incarnation, everything below the fence is read, and the lease is valid.
func (m *Member) ActsFor(id string, now time.Duration) bool {
	t := m.takeovers[id]
	return t != nil && t.step == acting && m.MayAct(now)
}

// Acting lists those whose clients are this incarnation's to tell of.
func (m *Member) Acting() []string {
	var ids []string
	for id, t := range m.takeovers {
		if t.step == acting {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// Told says that everything of id is told: its stream may be deleted.
func (m *Member) Told(id string) {
	if t := m.takeovers[id]; t != nil && t.step == acting {
		t.step = deleting
		if t.gone {
			t.step = finishing
		}
	}
}

// sawTakeover begins the work on what this incarnation has claimed, by whichever of its
// attempts, and ends it when another has it, or it has come back after a loss.
//
// A claim that a loss undid may come too late: who was claimed may have renewed in
// between. It has a lease then, though it can't renew it again, and no fence that tells.
func (m *Member) sawTakeover(e Entry, now time.Duration) {
	id := e.Record.Incarnation
	mine := e.Record.State == Claimed && e.Record.Claimant == m.Incarnation
	switch t := m.takeovers[id]; {
	case mine && t == nil:
		m.takeovers[id] = &takeover{of: id}
		if e.Record.Recalled {
			m.takeovers[id].next = now + m.Timing.Silence
		}
	case mine && t.recalled:
		t.recalled, t.next = false, now+m.Timing.Silence
	case !mine && t != nil && (e.Record.Claimant != "" || e.Record.Epoch == m.epoch.id):
		delete(m.takeovers, id)
	}
}

// advance asks for the next step of each takeover.
func (m *Member) advance(now time.Duration) {
	if len(m.takeovers) == 0 || !m.HasLease(now) || m.leaving {
		return
	}
	for _, id := range m.table.ids {
		t := m.takeovers[id]
		if t == nil || t.busy || t.recalled || now < t.next {
			continue
		}
		switch t.step {
		case fencing:
			m.askStream(t, Fence)
		case reading:
			m.askStream(t, ReadStream)
		case deleting:
			m.askStream(t, DeleteStream)
		case finishing:
			if e, ok := m.table.incarnation(id); ok && m.free(e.Key, now) {
				e.Record.State = Done
				m.write(e.Key, e.Record, now)
			}
		}
	}
}

func (m *Member) askStream(t *takeover, k Kind) {
	t.busy = true
	m.ask(Op{Kind: k, Stream: t.of, Expected: t.fence})
}

// answer takes what became of a step. A fence of which nothing is known is written
// again: two do no harm.
func (t *takeover) answer(op Op, a Answer, now time.Duration, timing Timing) {
	t.busy = false
	switch {
	case a.Result == Missing && op.Kind == DeleteStream:
		t.step = finishing
	case a.Result == Missing:
		t.step, t.gone = acting, true // there is nothing but what was read before
	case op.Kind == Fence && a.Result == OK:
		t.fence, t.step = a.Revision, reading
	case op.Kind == Fence && a.Result == Conflict && a.Known:
		t.fence = a.Revision
	case op.Kind == ReadStream && a.Result == OK:
		t.step = acting
	case op.Kind == DeleteStream && a.Result == OK:
		t.step = finishing
	default:
		t.next = now + timing.Retry
	}
}
