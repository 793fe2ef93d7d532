package membership

import (
	"fmt"
	"slices"
	"time"
)

// event is one that the backend is to be told: its client's record, or what waits.
type event struct {
	client string
	kind   string // connect, message or close
	n      int    // of the message
	id     string // of the close
	in     bool   // it was recorded
	begun  time.Duration
}

func (e *event) same(o *event) bool { return e.client == o.client && e.kind == o.kind && e.n == o.n }

// client is one as its owner, or who adopted it, knows it.
type client struct {
	id      string
	connect *event
	events  []*event // not yet told, in order
	busy    bool
	closing bool
	gone    bool
	n       int
	born    time.Duration
}

// gateway is what a process does with its clients: records first, then webhooks.
type gateway struct {
	log       Log
	clients   []*client
	toAppend  []*event
	appending bool
	token     int
	fenced    bool
	proving   int
	created   bool
	restarts  int
	losses    int
	underWay  int // attempts
	drained   bool
	adopted   map[string]*adoption
	next      int
}

// adoption is what was read of a claimed incarnation.
type adoption struct{ clients []*client }

func (g *gateway) init() { g.adopted = map[string]*adoption{} }

// work is done at each tick.
func (p *process) work() {
	w := p.w
	if p.Over() != nil {
		return
	}
	if p.losses != p.Losses() {
		p.losses = p.Losses()
		p.restart()
	}
	if !p.created && p.joined && !p.appending {
		p.restart()
	}
	if p.created && p.MayAct(p.clock()) && p.Serving() && !w.quiet && len(p.clients) < 4 && w.chance(4) {
		p.accept()
	}
	for _, c := range p.clients {
		switch {
		case c.connect == nil || c.closing:
		case w.chance(12) || w.quiet && w.chance(3):
			p.hangUp(c)
		case w.chance(3) && len(c.events) < 5 && !w.quiet:
			c.n++
			p.record(c, &event{client: c.id, kind: "message", n: c.n})
		}
		p.tellOwn(c)
	}
	for _, id := range p.Acting() {
		a := p.adopted[id]
		left := 0
		if a != nil {
			for _, c := range a.clients {
				if !c.gone {
					left++
					p.tellFor(id, c)
				}
			}
		}
		if left == 0 {
			w.tell("%s has told everything of %s", p, id)
			p.Told(id)
		}
	}
	if lapse, must := p.MustProve(p.clock()); must && w.mutant.noProof {
		p.Proven(lapse)
	} else if must && p.proving != lapse {
		p.proving = lapse
		p.toAppend = append(p.toAppend, &event{kind: "proof", n: lapse})
	}
	p.drain()
	p.pump()
}

func (p *process) accept() {
	p.next++
	c := &client{id: fmt.Sprintf("%s.%d", p.Incarnation, p.next), born: p.w.now}
	p.clients = append(p.clients, c)
	e := &event{client: c.id, kind: "connect", begun: p.w.now}
	c.connect = nil
	c.events = []*event{e}
	if p.w.mutant.early {
		e.in = true
		p.recorded(e)
		p.w.after(time.Second, func() { p.deliver(func() { p.toAppend = append(p.toAppend, e) }) })
		return
	}
	p.toAppend = append(p.toAppend, e)
}

func (p *process) hangUp(c *client) {
	c.closing = true
	p.record(c, &event{client: c.id, kind: "close", id: c.id + " closed"})
}

func (p *process) record(c *client, e *event) {
	c.events = append(c.events, e)
	p.toAppend = append(p.toAppend, e)
	p.pump()
}

// pump appends one record at a time.
func (p *process) pump() {
	if p.resigned || p.appending || p.fenced || !p.created || len(p.toAppend) == 0 || p.Over() != nil {
		return
	}
	p.token++
	p.appending = true
	p.appendOne(p.log.Append(fmt.Sprint(p.token)))
}

func (p *process) appendOne(expected uint64) {
	e, m := p.toAppend[0], message{token: p.log.token}
	m.event = *e
	m.fence = e.kind == "fence"
	of := p.Incarnation
	p.w.call(p, func() Answer { return p.w.nats.append(of, m, expected) }, func(a Answer) {
		outcome := p.log.Answer(a)
		if p.w.mutant.noToken && outcome == AskTail && a.Result == Unknown {
			p.log.last, outcome = p.log.last+1, Appended // surely it is in
		}
		p.appended(e, outcome)
	})
}

func (p *process) appended(e *event, o Outcome) {
	w := p.w
	switch o {
	case Appended:
		p.appending = false
		p.toAppend = p.toAppend[1:]
		first := !e.in
		e.in = true
		w.backend.recorded(p, e)
		if e.kind == "fence" {
			p.drained = true
		} else if e.kind == "proof" {
			p.Proven(e.n)
		} else if first {
			p.recorded(e)
		} else if c := p.client(e.client); c == nil || c.gone {
			p.remove(p.Incarnation, e)
		}
		p.pump()
	case Again:
		p.appendOne(p.log.Last())
	case AskTail:
		var marks []Mark
		of, after := p.Incarnation, p.log.Last()
		w.call(p, func() (a Answer) { a, marks = w.nats.tail(of, after); return a }, func(a Answer) {
			switch a.Result {
			case OK:
				p.appended(e, p.log.Tail(marks))
			case Missing:
				p.appended(e, Lost)
			default:
				p.appended(e, AskTail)
			}
		})
	case Fenced:
		p.meet()
	case Lost:
		p.appending, p.created = false, false
	}
}

// meet: who meets a fence is over.
func (p *process) meet() {
	p.w.tell("%s meets a fence", p)
	p.fenced = true
	p.Fenced()
}

// restart makes the stream, and writes all that lives again.
func (p *process) restart() {
	p.created = false
	if p.appending || p.fenced || p.underWay > 0 || !p.HasLease(p.clock()) {
		return
	}
	p.appending = true
	var last uint64
	p.w.call(p, func() Answer {
		s := p.w.nats.streams[p.Incarnation]
		if s == nil {
			s = &stream{}
			p.w.nats.streams[p.Incarnation] = s
		}
		last = s.last
		return Answer{Result: OK}
	}, func(a Answer) {
		p.appending = false
		if a.Result != OK || !p.HasLease(p.clock()) {
			return // at the next tick
		}
		if last >= p.log.Last() && last > 0 {
			p.created = true // it was there all the time
			p.pump()
			return
		}
		if !p.MayRestart(p.restarts > 0, p.clock()) {
			return
		}
		p.restarts++
		p.log.Restart(last)
		p.created, p.proving = true, 0
		p.toAppend = slices.DeleteFunc(p.toAppend, func(e *event) bool { return e.kind != "fence" && e.kind != "proof" })
		var again []*event
		for _, c := range p.clients {
			if c.connect != nil {
				again = append(again, c.connect)
			}
			for _, e := range c.events {
				e.in = false // to be told behind its record only
			}
			again = append(again, c.events...)
		}
		p.toAppend = append(again, p.toAppend...)
		p.pump()
	})
}

func (p *process) client(id string) *client {
	for _, c := range p.clients {
		if c.id == id {
			return c
		}
	}
	return nil
}

// recorded: a connect is judged as soon as its record is in, and never later.
func (p *process) recorded(e *event) {
	c := p.client(e.client)
	if c == nil {
		return
	}
	if e.kind == "connect" {
		if p.w.now-e.begun > 3*time.Second || !p.attempt(p.Incarnation, e, p.may(), func(ok bool) {
			if c.busy = false; c.connect == nil {
				return
			}
			if c.events = c.events[1:]; !ok { // it may have got through
				p.hangUp(c)
			}
		}) {
			c.gone = true // 503; nobody was told
			p.clients = slices.DeleteFunc(p.clients, func(o *client) bool { return o == c })
			p.removeForSure(p.Incarnation, e, func() {})
			return
		}
		c.connect, c.busy = e, true
		return
	}
	p.tellOwn(c)
}

func (p *process) may() bool {
	return p.MayAct(p.clock()) || p.w.mutant.noLease && p.joined && p.Over() == nil
}

// tellOwn tells the next event of an own client.
func (p *process) tellOwn(c *client) {
	if !p.created || c.connect == nil || c.busy || len(c.events) == 0 || !c.events[0].in {
		return
	}
	c.busy = p.attempt(p.Incarnation, c.events[0], p.may(), func(ok bool) { p.toldOf(p.Incarnation, c, ok) })
}

// tellFor tells the next event of an adopted one; the last is its close.
func (p *process) tellFor(id string, c *client) {
	if c.busy {
		return
	}
	if len(c.events) == 0 {
		c.events = []*event{{client: c.id, kind: "close", id: c.id + " lost"}}
	}
	c.busy = p.attempt(id, c.events[0], p.ActsFor(id, p.clock()), func(ok bool) { p.toldOf(id, c, ok) })
}

func (p *process) toldOf(id string, c *client, ok bool) {
	c.busy = false
	if !ok {
		return
	}
	e := c.events[0]
	c.events = c.events[1:]
	if e.kind != "close" {
		p.remove(id, e)
		return
	}
	c.gone = true
	p.clients = slices.DeleteFunc(p.clients, func(o *client) bool { return o == c })
	if c.connect != nil { // the client's record first: a close without it is told again as it is
		p.removeForSure(id, c.connect, func() { p.remove(id, e) })
	}
}

// attempt begins a webhook attempt, if it may. It reaches the backend within the margin
// that TCP_USER_TIMEOUT leaves, or not at all.
func (p *process) attempt(id string, e *event, may bool, done func(ok bool)) bool {
	w := p.w
	if !may {
		return false
	}
	w.backend.began(p, id, e)
	p.underWay++
	finish := func(ok bool) {
		p.deliver(func() {
			if p.underWay--; p.Over() == nil {
				done(ok)
			}
		})
	}
	way := w.upTo(60 * time.Millisecond)
	if w.loses(8) {
		way = w.upTo(1200 * time.Millisecond)
	}
	if w.loses(20) || w.backend.down > w.now {
		w.after(way, func() { finish(false) })
		return true
	}
	told := *e
	w.after(way, func() {
		w.backend.arrived(p, &told)
		ok := !w.loses(20)
		w.after(w.upTo(60*time.Millisecond), func() { finish(ok) })
	})
	return true
}

// remove deletes a record, or not.
func (p *process) remove(of string, e *event) {
	p.w.call(p, func() Answer { p.w.nats.remove(of, e); return Answer{Result: OK} }, func(Answer) {})
}

// removeForSure tries until it is deleted.
func (p *process) removeForSure(of string, e *event, then func()) {
	p.w.call(p, func() Answer { p.w.nats.remove(of, e); return Answer{Result: OK} }, func(a Answer) {
		if a.Result == OK {
			then()
			return
		}
		p.w.after(time.Second, func() {
			p.deliver(func() {
				if p.Over() == nil {
					p.removeForSure(of, e, then)
				}
			})
		})
	})
}

// adopt takes what was below a fence.
func (p *process) adopt(id string, events []event) {
	if p.adopted[id] != nil {
		return
	}
	a := &adoption{}
	byID := map[string]*client{}
	for i := range events {
		e := &events[i]
		c := byID[e.client]
		if c == nil {
			c = &client{id: e.client}
			byID[e.client] = c
			a.clients = append(a.clients, c)
		}
		if e.kind == "connect" {
			c.connect = e
		} else if !slices.ContainsFunc(c.events, e.same) {
			c.events = append(c.events, e)
		}
	}
	a.clients = slices.DeleteFunc(a.clients, func(c *client) bool { // what is left of one whose close is told
		return c.connect == nil && !slices.ContainsFunc(c.events, func(e *event) bool { return e.kind == "close" })
	})
	p.adopted[id] = a
	p.w.tell("%s has read %s: %d clients", p, id, len(a.clients))
}

// drain ends the process in order, once it was told to leave.
func (p *process) drain() {
	if !p.leaving || p.resigned || p.underWay > 0 || p.appending {
		return
	}
	if p.drained || p.restarts == 0 {
		p.w.tell("%s resigns", p)
		p.Resign()
	} else if len(p.toAppend) == 0 {
		p.toAppend = append(p.toAppend, &event{kind: "fence"})
	}
}
