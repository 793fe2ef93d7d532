package membership

import (
	"fmt"
	"slices"
	"time"
)

// process is one start of a node: the driver of a Member, and a gateway.
type process struct {
	*Member
	gateway
	w      *world
	name   string
	rate   float64 // of its boot clock
	offset time.Duration
	dead   bool
	frozen time.Duration // until then
	cut    time.Duration // from NATS, until then
	deaf   time.Duration // answers don't come, until then
	back   time.Duration // when it will have found NATS again
	ill    time.Duration // when it last was frozen or cut
	told   error         // why it is over, once that is noticed
	served bool
	begun  time.Duration

	generation int
	watching   []string
	states     time.Duration // when the last event of a state arrives
	renewals   time.Duration
	missed     bool // events, while it was cut
	waiting    []func()
}

func (w *world) start(name string) *process {
	p := &process{w: w, name: name, begun: w.now, rate: []float64{0.97, 1, 1.03}[w.r.IntN(3)], offset: w.upTo(1000 * time.Hour), generation: -1}
	p.Member = New(Config{Timing: w.plan.timing, Incarnation: fmt.Sprintf("%04x%02d", w.r.IntN(1<<16), len(w.procs)), Name: name, Random: w.r.Uint64}, p.clock())
	p.gateway.init()
	w.procs = append(w.procs, p)
	w.tell("%s starts", p)
	w.after(w.upTo(200*time.Millisecond), p.tick)
	return p
}

func (p *process) String() string { return p.name + "/" + p.Incarnation }

// clock reads the boot clock: it goes on while the process is stopped.
func (p *process) clock() time.Duration {
	return p.offset + time.Duration(float64(p.w.now)*p.rate)
}

func (p *process) running() bool { return !p.dead && p.Over() == nil }

// deliver brings something to the process, when it runs.
func (p *process) deliver(do func()) {
	switch {
	case p.dead:
	case p.frozen > p.w.now:
		p.waiting = append(p.waiting, do)
	default:
		do()
		p.drive()
	}
}

func (p *process) tick() {
	switch {
	case p.dead:
		return
	case p.frozen > p.w.now:
		p.w.after(p.frozen-p.w.now, p.tick)
		return
	}
	waiting := p.waiting
	p.waiting = nil
	for _, do := range waiting { // in whatever order the scheduler likes
		do()
	}
	p.Tick(p.clock())
	p.drive()
	p.work()
	p.w.after(350*time.Millisecond+p.w.upTo(100*time.Millisecond), p.tick)
}

// drive does what the member asks for.
func (p *process) drive() {
	w := p.w
	if w.mutant.forgets {
		p.epoch.claims = nil
	}
	if w.mutant.blind {
		for key, e := range p.table.entries {
			if e.Record.State == Claimed && e.Record.Claimant != p.Incarnation {
				delete(p.table.entries, key)
			}
		}
	}
	for _, op := range p.Ops() {
		p.do(op)
	}
	if err := p.Over(); err != nil {
		if p.told == nil {
			p.told = err
			w.ended(p, err)
		}
		return
	}
	if p.Serving() && !p.served {
		p.served = true
		w.named(p)
	}
	for _, id := range p.Acting() {
		if p.ActsFor(id, p.clock()) {
			w.backend.holds(p, id)
		}
	}
	p.watch()
}

func (p *process) do(op Op) {
	w, n := p.w, p.w.nats
	var events []event
	do := func() Answer {
		switch op.Kind {
		case Write:
			return n.write(op.Key, op.Record, w.mutant.expected(p, op))
		case Purge:
			last, _ := n.last(op.Key)
			last.Record.State = Purged
			return n.write(op.Key, last.Record, op.Expected)
		case Read:
			return n.read(op.Key)
		case List:
			if w.mutant.anyList {
				return n.list(0)
			}
			return n.list(op.AtLeast)
		case Fence:
			return p.fence(op)
		case ReadStream:
			a, found := n.below(op.Stream, op.Expected)
			if a.Result == OK {
				events = found
			}
			return a
		case DeleteStream:
			delete(n.streams, op.Stream)
			return Answer{Result: OK}
		}
		a := Answer{Result: OK}
		for id := range n.streams {
			a.Streams = append(a.Streams, id)
		}
		slices.Sort(a.Streams)
		return a
	}
	w.call(p, do, func(a Answer) {
		if op.Kind == ReadStream && a.Result == OK {
			p.adopt(op.Stream, events)
		}
		p.Member.Answer(op.ID, a, p.clock())
	})
}

func (p *process) fence(op Op) Answer {
	n := p.w.nats
	s := n.streams[op.Stream]
	if s != nil && p.w.mutant.noFence {
		return Answer{Result: OK, Revision: s.last + 1}
	}
	return n.append(op.Stream, message{fence: true, token: "fence of " + p.Incarnation}, op.Expected)
}

// watch keeps the watches as the member wants them. A new one begins with what is there.
func (p *process) watch() {
	w := p.w
	generation, ids := p.Watching()
	if generation != p.generation || p.missed && p.cut <= w.now {
		p.generation, p.missed, p.watching = generation, false, nil
		for _, key := range w.nats.keys {
			e, _ := w.nats.last(key)
			p.event(e, true)
		}
	}
	for _, id := range ids {
		if !slices.Contains(p.watching, id) {
			if e, ok := w.nats.last(IncarnationKey(id)); ok {
				p.event(e, false)
			}
		}
	}
	p.watching = ids
}

// wrote tells all who watch of a new revision, and has it checked.
func (w *world) wrote(h []applied, e Entry) {
	changed := !isIncarnation(e.Key) || len(h) == 0 || h[len(h)-1].Record.State != e.Record.State || h[len(h)-1].Record.Claimant != e.Record.Claimant
	if changed && isIncarnation(e.Key) {
		w.tell("%s is %s (by %s), revision %d", e.Record.Incarnation, e.Record.State, e.Record.Writer, e.Revision)
		w.claimed(h, e)
	}
	for _, p := range w.procs {
		if e.Key == p.key() && e.Record.State == Alive {
			w.backend.comesBack(p, p.Incarnation)
		}
		if !p.dead && p.generation >= 0 && (changed || slices.Contains(p.watching, e.Record.Incarnation)) {
			p.event(e, changed)
		}
	}
}

// event is on its way. Those of states come in order, and those of renewals; neither
// waits for the other.
func (p *process) event(e Entry, state bool) {
	w, life, generation := p.w, p.w.nats.life, p.generation
	busy := &p.renewals
	if state {
		busy = &p.states
	}
	delay := w.delay()
	if w.loses(100) {
		delay = w.upTo(8 * time.Second)
	}
	*busy = max(*busy, w.now+delay)
	w.after(*busy-w.now, func() {
		if p.cut > w.now || p.deaf > w.now || life != w.nats.life {
			p.missed = true
			return
		}
		p.deliver(func() { p.Saw(generation, e, p.clock()) })
	})
}
