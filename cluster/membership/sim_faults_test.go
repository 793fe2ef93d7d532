package membership

import (
	"fmt"
	"time"
)

// plan is what a world is made of, and what may go wrong in it.
type plan struct {
	timing  Timing
	nodes   int
	lossy   int // one message in so many is lost; 0: none
	latency time.Duration
	losses  bool // the bucket is wiped and restored
	natsIll bool // nothing but NATS fails
	crowded bool // many processes want one name
	undone  bool // claims are undone
	copied  bool // but never by a wipe
}

func (w *world) makePlan() {
	p := &w.plan
	p.timing = DefaultTiming
	p.nodes = 2 + w.r.IntN(3)
	p.lossy = []int{0, 0, 30, 8}[w.r.IntN(4)]
	p.latency = []time.Duration{time.Millisecond, time.Millisecond, 150 * time.Millisecond}[w.r.IntN(3)]
	p.losses = w.chance(3)
	p.natsIll = w.chance(4)
	p.crowded = w.chance(8)
	p.undone = p.losses && w.chance(3)
	if w.mutant.plan != nil {
		w.mutant.plan(p)
	}
	if !p.losses && w.chance(2) {
		p.timing.Memory = 30 * time.Second // keys are purged while somebody still sleeps
	}
	w.tell("%+v", *p)
}

// pick is a process that hasn't ended.
func (w *world) pick() *process {
	var list []*process
	for _, p := range w.procs {
		if p.running() {
			list = append(list, p)
		}
	}
	if len(list) == 0 {
		return nil
	}
	return list[w.r.IntN(len(list))]
}

func (w *world) running() int {
	n := 0
	for _, p := range w.procs {
		if p.running() {
			n++
		}
	}
	return n
}

func (w *world) newName() string {
	w.number++
	return fmt.Sprintf("n%d", w.number)
}

// startLater starts a process under a name, or another.
func (w *world) startLater(name string) {
	if w.chance(2) {
		name = w.newName()
	}
	w.after(100*time.Millisecond+w.upTo(15*time.Second), func() {
		if !w.quiet {
			w.start(name)
		}
	})
}

// happen lets something go wrong.
func (w *world) happen() {
	p := w.pick()
	kind := w.r.IntN(13)
	if p == nil {
		w.start(w.newName())
		return
	}
	if w.plan.crowded && w.chance(3) && w.running() < 6 {
		w.start(p.name)
		w.after(w.upTo(2*time.Second), func() { w.start(p.name) })
		return
	}
	if w.plan.undone && w.chance(3) {
		w.undo(p)
		return
	}
	if w.plan.natsIll {
		kind = 7 + w.r.IntN(4)
	}
	switch kind {
	case 0, 1:
		w.tell("%s dies", p)
		p.dead = true
		w.startLater(p.name)
	case 2, 3:
		p.frozen = w.now + w.upTo(40*time.Second)
		p.ill = max(p.ill, p.frozen)
		w.tell("%s is stopped until %v", p, p.frozen)
		if w.chance(3) {
			w.startLater(p.name)
		}
	case 4, 5:
		p.cut = w.now + w.upTo(25*time.Second)
		p.ill = max(p.ill, p.cut)
		w.tell("%s is cut off until %v", p, p.cut)
	case 6:
		p.deaf = w.now + w.upTo(20*time.Second)
		p.ill = max(p.ill, p.deaf)
		w.tell("%s hears no answers until %v", p, p.deaf)
	case 7:
		w.nats.elect = w.now + w.upTo(9*time.Second)
		w.tell("an election until %v", w.nats.elect)
	case 8:
		w.away(40 * time.Second)
	case 9:
		w.backend.down = w.now + w.upTo(15*time.Second)
		w.tell("the backend is away until %v", w.backend.down)
	case 10:
		if w.plan.losses {
			w.lose()
		}
	case 11:
		w.tell("%s is to leave", p)
		p.Leave()
		if w.chance(2) {
			w.startLater(p.name)
		}
		w.after(25*time.Second, func() { p.dead = true })
	case 12:
		switch {
		case w.chance(6):
			w.tell("all die")
			for _, q := range w.procs {
				q.dead = true
			}
			w.start(w.newName())
		case w.chance(3):
			w.start(p.name) // a second process of the name
		case w.running() < 5:
			w.start(w.newName())
		}
	}
}

// lose takes NATS' data, whole or since the copy, for some time or none.
func (w *world) lose() {
	switch w.r.IntN(3) {
	case 0:
		w.nats.wipe()
	case 1:
		w.nats.restore()
	case 2:
		w.nats.copied = w.nats.seq
		return
	}
	if w.chance(2) {
		w.away(3 * time.Second)
	} else {
		w.away(30 * time.Second)
	}
}

// away takes NATS away for some time; each process finds it again by and by.
func (w *world) away(d time.Duration) {
	w.nats.down = w.now + w.upTo(d)
	for _, q := range w.procs {
		q.back = w.nats.down + w.upTo(4*time.Second)
	}
	w.tell("NATS is away until %v", w.nats.down)
}

// undo wipes all, or restores the bucket from a copy that was made before somebody was
// claimed who is stopped or cut off, right before he comes back.
func (w *world) undo(p *process) {
	w.nats.copied = w.nats.seq
	until := w.now + 13*time.Second + w.upTo(5*time.Second)
	p.ill = max(p.ill, until)
	if w.chance(2) {
		p.frozen = until
	} else {
		p.cut = until
	}
	w.tell("%s is stopped or cut off until %v, and the bucket copied", p, until)
	w.after(until-w.now-w.upTo(2*time.Second), func() {
		switch {
		case w.quiet:
			return
		case w.chance(2) && !w.plan.copied:
			w.nats.wipe()
		case w.nats.copied > 0:
			w.nats.restore()
		}
		w.away(2 * time.Second)
	})
}

// heal ends what goes wrong; at least one process runs.
func (w *world) heal() {
	w.tell("peace")
	w.quiet = true
	w.nats.down, w.nats.elect, w.backend.down = 0, 0, 0
	for _, p := range w.procs {
		if p.leaving {
			p.dead = true
		}
		p.frozen, p.cut, p.deaf, p.back = w.now, 0, 0, 0
		if waiting := p.waiting; len(waiting) > 0 {
			p.waiting = nil
			w.after(0, func() {
				for _, do := range waiting {
					p.deliver(do)
				}
			})
		}
	}
	w.start(w.newName())
}

// settled says what isn't in order yet.
func (w *world) settled() string {
	if id := w.backend.missing(); id != "" {
		return "no close of " + id
	}
	for _, p := range w.procs {
		if p.running() && (!p.Serving() || !p.HasLease(p.clock())) {
			return p.String() + " isn't in"
		}
		if p.running() && len(p.clients) > 0 {
			return p.String() + " has clients"
		}
	}
	for _, key := range w.nats.keys {
		e, _ := w.nats.last(key)
		if !isIncarnation(key) || e.Record.State == Done || e.Record.State == Purged {
			continue
		}
		alive := false
		for _, p := range w.procs {
			alive = alive || p.running() && p.Incarnation == e.Record.Incarnation
		}
		if !alive {
			return key + " is " + string(e.Record.State)
		}
	}
	return ""
}

// live lets a whole world pass, and says what it found.
func live(seed uint64, mutant mutation, telling bool) *world {
	w := newWorld(seed, mutant, telling)
	w.makePlan()
	for i := range w.plan.nodes {
		w.after(w.upTo(3*time.Second), func() { w.start(fmt.Sprintf("a%d", i)) })
	}
	w.run(5 * time.Second)
	for end := 30*time.Second + w.upTo(50*time.Second); w.now < end && w.failure == ""; {
		w.happen()
		w.run(w.now + w.upTo(9*time.Second))
	}
	w.heal()
	end := w.now + 150*time.Second
	for w.now < end && w.failure == "" {
		if w.run(w.now + 3*time.Second); w.settled() == "" {
			return w
		}
	}
	w.fail("after %v in peace: %s", 150*time.Second, w.settled())
	return w
}
