package membership

import (
	"slices"
	"time"
)

// nats is the simulated bucket and its streams. The leader's state is the truth; replicas
// lag behind it.
type nats struct {
	w       *world
	entries map[string][]applied // each key's history
	keys    []string             // in the order of their creation
	seq     uint64
	copied  uint64 // last sequence of the copy that a restore brings back
	streams map[string]*stream
	life    int           // counts wipes and restores: no request outlives one
	down    time.Duration // until then nothing is answered
	elect   time.Duration // until then no leader answers
}

type applied struct {
	at time.Duration
	Entry
}

// message is one in a stream.
type message struct {
	seq     uint64
	at      time.Duration
	token   string
	fence   bool
	event   event
	deleted bool
}

type stream struct {
	messages []*message
	last     uint64
}

const lagging = 3 * time.Second

// write is the leader's: it alone knows the last revision.
func (n *nats) write(key string, r Record, expected uint64) Answer {
	h := n.entries[key]
	var last uint64
	if len(h) > 0 {
		last = h[len(h)-1].Revision
	}
	if last != expected {
		return Answer{Result: Conflict, Revision: last, Known: !n.w.chance(4)}
	}
	n.seq++
	if len(h) == 0 {
		n.keys = append(n.keys, key)
	}
	e := Entry{key, r, n.seq}
	n.entries[key] = append(h, applied{n.w.now, e})
	n.w.wrote(h, e)
	return Answer{Result: OK, Revision: n.seq}
}

// last is the newest entry of a key, on the leader.
func (n *nats) last(key string) (Entry, bool) {
	h := n.entries[key]
	if len(h) == 0 {
		return Entry{}, false
	}
	return h[len(h)-1].Entry, true
}

// replica is how far the one has come that a read happens to ask.
func (n *nats) replica() time.Duration {
	if n.w.quiet || !n.w.chance(3) {
		return n.w.now
	}
	return n.w.now - n.w.upTo(lagging)
}

func (n *nats) read(key string) Answer {
	then := n.replica()
	h := n.entries[key]
	for i := len(h) - 1; i >= 0; i-- {
		if h[i].at <= then {
			return Answer{Result: OK, Entries: []Entry{h[i].Entry}}
		}
	}
	return Answer{Result: Missing}
}

func (n *nats) list(atLeast uint64) Answer {
	if n.seq < atLeast {
		return Answer{} // it never comes
	}
	then := n.replica()
	a := Answer{Result: OK}
	for _, key := range n.keys {
		h := n.entries[key]
		for i := len(h) - 1; i >= 0; i-- {
			if h[i].at <= then || h[i].Revision <= atLeast {
				a.Entries = append(a.Entries, h[i].Entry)
				break
			}
		}
	}
	return a
}

// wipe takes everything.
func (n *nats) wipe() {
	n.life++
	for _, key := range n.keys {
		if e, _ := n.last(key); isIncarnation(key) && e.Record.State.over() {
			n.w.backend.undoes(e.Record.Incarnation)
		}
	}
	clear(n.entries)
	clear(n.streams)
	n.keys, n.seq, n.copied = nil, 0, 0
	n.w.backend.wiped()
	n.w.tell("NATS is wiped")
}

// restore brings the bucket back as it was when it was copied.
func (n *nats) restore() {
	n.life++
	n.w.tell("the bucket is restored from revision %d of %d", n.copied, n.seq)
	n.seq = n.copied
	n.keys = slices.DeleteFunc(n.keys, func(key string) bool {
		h := n.entries[key]
		was := h[len(h)-1].Record
		for len(h) > 0 && h[len(h)-1].Revision > n.copied {
			h = h[:len(h)-1]
		}
		if isIncarnation(key) && was.State.over() && (len(h) == 0 || !h[len(h)-1].Record.State.over()) {
			n.w.backend.undoes(was.Incarnation)
		}
		n.entries[key] = h
		if len(h) == 0 {
			delete(n.entries, key)
		}
		return len(h) == 0
	})
}

func (n *nats) append(of string, m message, expected uint64) Answer {
	s := n.streams[of]
	switch {
	case s == nil:
		return Answer{Result: Missing}
	case s.last != expected:
		return Answer{Result: Conflict, Revision: s.last, Known: !n.w.chance(4)}
	}
	s.last++
	m.seq, m.at = s.last, n.w.now
	s.messages = append(s.messages, &m)
	return Answer{Result: OK, Revision: m.seq}
}

// view is what a replica has of a stream.
func (n *nats) view(of string, then time.Duration) []*message {
	s := n.streams[of]
	if s == nil {
		return nil
	}
	i := len(s.messages)
	for i > 0 && s.messages[i-1].at > then {
		i--
	}
	return s.messages[:i]
}

func (n *nats) tail(of string, after uint64) (Answer, []Mark) {
	if n.streams[of] == nil {
		return Answer{Result: Missing}, nil
	}
	var marks []Mark
	for _, m := range n.view(of, n.replica()) {
		if m.seq > after {
			marks = append(marks, Mark{m.seq, m.token, m.fence})
		}
	}
	return Answer{Result: OK}, marks
}

// below reads what is below a fence: a replica that has the fence has all of it.
func (n *nats) below(of string, fence uint64) (Answer, []event) {
	if n.streams[of] == nil {
		return Answer{Result: Missing}, nil
	}
	view := n.view(of, n.replica())
	if !n.w.mutant.noFence && (len(view) == 0 || view[len(view)-1].seq < fence) {
		return Answer{}, nil
	}
	var events []event
	for _, m := range view {
		if m.seq < fence && !m.deleted && m.event.client != "" {
			events = append(events, m.event)
		}
	}
	return Answer{Result: OK}, events
}

// remove deletes a record, however often it was written.
func (n *nats) remove(of string, e *event) {
	if s := n.streams[of]; s != nil {
		for _, m := range s.messages {
			m.deleted = m.deleted || m.event.same(e)
		}
	}
}

func (n *nats) has(of string, e *event) bool {
	s := n.streams[of]
	return s != nil && slices.ContainsFunc(s.messages, func(m *message) bool {
		return !m.deleted && m.event.same(e)
	})
}

// call carries a request there and its answer back, or loses either. do is done at the
// leader; its answer reaches the process by reply, once.
func (w *world) call(p *process, do func() Answer, reply func(Answer)) {
	const patience = time.Second
	sent, life := w.now, w.nats.life
	answered := false
	finish := func(a Answer) {
		if !answered {
			answered = true
			p.deliver(func() { reply(a) })
		}
	}
	giveUp := func() { w.after(max(0, sent+patience-w.now), func() { finish(Answer{}) }) }
	var arrive func()
	arrive = func() {
		if life != w.nats.life {
			giveUp() // its connection has died
			return
		}
		if w.nats.down > w.now {
			giveUp()
			if w.nats.down < w.now+10*time.Second && w.chance(2) { // it waits in a buffer
				w.after(w.nats.down-w.now+w.upTo(time.Second), arrive)
			}
			return
		}
		silent := false
		if w.nats.elect > w.now {
			switch w.r.IntN(4) {
			case 0:
				giveUp()
				return
			case 1:
				w.after(w.upTo(50*time.Millisecond), func() { finish(Answer{}) })
				return
			case 2:
				giveUp()
				w.after(w.nats.elect-w.now, arrive)
				return
			case 3:
				silent = true // the old leader's last
			}
		}
		a := do()
		if w.loses(50) { // delivered twice
			again := do()
			if w.chance(2) {
				a = again
			}
		}
		if silent || p.deaf > w.now || p.cut > w.now || w.loses(w.plan.lossy) {
			giveUp()
			return
		}
		delay := w.delay()
		if w.now+delay > sent+patience {
			giveUp()
			return
		}
		w.after(delay, func() { finish(a) })
	}
	if p.cut > w.now || w.nats.down <= w.now && p.back > w.now || w.loses(w.plan.lossy) {
		giveUp()
		if w.chance(3) && p.cut <= w.now { // late
			w.after(w.upTo(10*time.Second), arrive)
		}
		return
	}
	w.after(w.delay(), arrive)
}

// loses is true once in n times, if n isn't 0, while things go wrong.
func (w *world) loses(n int) bool { return !w.quiet && n > 0 && w.chance(n) }

func (w *world) delay() time.Duration {
	if w.loses(40) {
		return w.upTo(2 * time.Second)
	}
	return w.plan.latency + w.upTo(20*time.Millisecond)
}
