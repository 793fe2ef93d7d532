package membership

import (
	"errors"
	"slices"
	"strings"
	"time"
)

// backend is told of clients, and checks what it is told, and by whom.
type backend struct {
	w       *world
	clients map[string]*seen
	order   []string
	holders map[string]string        // who may act for an incarnation; it itself if there is none
	undone  map[string][]*process    // whose claim a wipe or restore undid, and who knew of it
	lost    map[string]time.Duration // when that was
	back    map[string]bool          // who came back then, because these were gone
	down    time.Duration
}

// seen is what is known of a client.
type seen struct {
	connected bool
	messages  []int
	recorded  []int // messages that the gateway knows to be on record
	closes    []string
	excused   bool // its records were wiped, and not written again
}

func (b *backend) client(id string) *seen {
	s := b.clients[id]
	if s == nil {
		s = &seen{}
		b.clients[id] = s
		b.order = append(b.order, id)
	}
	return s
}

func (b *backend) holder(id string) string {
	if h := b.holders[id]; h != "" {
		return h
	}
	return id
}

// holds: p may act for id from now on; so nobody else may.
func (b *backend) holds(p *process, id string) {
	old := b.holder(id)
	if old == p.Incarnation {
		return
	}
	b.holders[id] = p.Incarnation
	b.w.tell("%s acts for %s", p, id)
	for _, q := range b.w.procs {
		now := q.clock()
		if q != p && !q.dead && !b.back[id] && (q.Incarnation == id && q.MayAct(now) || q.ActsFor(id, now)) {
			b.w.fail("%s may act for %s, and %s too", p, id, q)
		}
	}
}

// began: an attempt begins; only the holder begins any.
func (b *backend) began(p *process, id string, e *event) {
	if h := b.holder(id); h != p.Incarnation && !b.comesBack(p, id) {
		b.w.fail("%s begins %s of %s, whose holder is %s", p, e.kind, e.client, h)
	}
}

// undoes remembers whose claim was undone, and who is left that knows of it.
func (b *backend) undoes(id string) {
	b.undone[id], b.lost[id] = []*process{}, b.w.now
	for _, p := range b.w.procs {
		e := p.table.entries[IncarnationKey(id)]
		heard := slices.ContainsFunc(p.epoch.claims, func(c sighting) bool { return c.Record.Incarnation == id })
		if p.Incarnation != id && p.running() && (heard || e.Record.State.over() && e.Key != "") {
			b.undone[id] = append(b.undone[id], p)
		}
	}
}

// comesBack excuses one whose claim was undone by a wipe or restore, if all who knew of it were
// gone, or cut off or stopped since: that isn't promised.
func (b *backend) comesBack(p *process, id string) bool {
	knew, undone := b.undone[id]
	if undone && p.Incarnation == id && !b.back[id] && !slices.ContainsFunc(knew, func(q *process) bool {
		return q.running() && q.ill <= b.lost[id]
	}) {
		b.w.tell("%s is back, and none is left that knows better", p)
		b.back[id] = true
	}
	return b.back[id]
}

// recorded: a record is known to be in the stream.
func (b *backend) recorded(p *process, e *event) {
	s := b.client(e.client)
	there := b.w.nats.has(p.Incarnation, e)
	if there && e.kind != "message" {
		s.excused = false
	}
	if there && e.kind == "message" && !slices.Contains(s.recorded, e.n) {
		s.recorded = append(s.recorded, e.n)
	}
}

func (b *backend) wiped() {
	for _, id := range b.order {
		b.clients[id].excused, b.clients[id].recorded = true, nil
	}
}

func (b *backend) arrived(p *process, e *event) {
	s := b.client(e.client)
	if id, _, _ := strings.Cut(e.client, "."); b.back[id] {
		return
	}
	b.w.tell("the backend hears %s %d%s of %s from %s", e.kind, e.n, e.id, e.client, p)
	switch e.kind {
	case "connect":
		if len(s.closes) > 0 {
			b.w.fail("connect of %s behind its close", e.client)
		}
		s.connected, s.excused = true, !b.w.nats.has(p.Incarnation, e)
	case "message":
		if slices.Contains(s.messages, e.n) {
			return // again
		}
		if len(s.closes) > 0 {
			b.w.fail("message %d of %s behind its close", e.n, e.client)
		}
		if len(s.messages) > 0 && e.n < slices.Max(s.messages) {
			b.w.fail("message %d of %s behind %v", e.n, e.client, s.messages)
		}
		s.messages = append(s.messages, e.n)
	case "close":
		if slices.Contains(s.closes, e.id) {
			return
		}
		if s.closes = append(s.closes, e.id); len(s.closes) > 1 {
			b.w.fail("closes of %s: %q", e.client, s.closes)
		}
		for _, n := range s.recorded {
			if !s.excused && !slices.Contains(s.messages, n) {
				b.w.fail("close of %s before its message %d", e.client, n)
			}
		}
	}
}

// missing names a client that was accepted and has no close.
func (b *backend) missing() string {
	for _, id := range b.order {
		owner, _, _ := strings.Cut(id, ".")
		if s := b.clients[id]; s.connected && !s.excused && !b.back[owner] && len(s.closes) == 0 {
			return id
		}
	}
	return ""
}

// claimed checks that nobody is claimed who is well; NATS may be as ill as it likes.
func (w *world) claimed(h []applied, e Entry) {
	if e.Record.State != Claimed || e.Record.Recalled || len(h) == 0 || h[len(h)-1].Record.State.over() {
		return
	}
	for _, p := range w.procs {
		if p.Incarnation == e.Record.Incarnation && p.running() && w.plan.lossy != 8 && w.now-max(p.ill, p.begun) > 30*time.Second {
			w.fail("%s is well, and claimed by %s", p, e.Record.Claimant)
		}
	}
}

// named checks that no other process has the name.
func (w *world) named(p *process) {
	w.tell("%s serves", p)
	for _, q := range w.procs {
		if p.HasLease(p.clock()) && q != p && q.name == p.name && q.served && q.running() && q.MayAct(q.clock()) && !w.plan.losses {
			w.fail("%s has the name of %s", p, q)
		}
	}
}

// ended checks why an incarnation is over, and lets it be started anew.
func (w *world) ended(p *process, why error) {
	w.tell("%s is over: %v", p, why)
	switch {
	case errors.Is(why, ErrClaimed):
		if e, ok := w.nats.last(p.key()); !w.plan.losses && (!ok || !e.Record.State.over()) {
			w.fail("%s is over as claimed, and is %s", p, e.Record.State)
		}
	case errors.Is(why, ErrNameTaken):
		if !slices.ContainsFunc(w.procs, func(q *process) bool { return q != p && q.name == p.name && q.generation >= 0 }) {
			w.fail("%s takes its name for taken", p)
		}
	case errors.Is(why, ErrForgotten):
		w.fail("%s is forgotten", p)
	}
	p.dead = true
	if !w.quiet && !errors.Is(why, ErrNameTaken) && w.chance(2) {
		w.after(w.upTo(5*time.Second), func() { w.start(p.name) })
	}
}
