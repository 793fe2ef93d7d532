package cluster

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
)

// roster is what this node knows of the others. It only thinks: beats go in and
// come out, and time is told to it. Its owner locks.
type roster struct {
	t       timing
	name    string
	tag     string
	version string
	roots   []string
	started int64 // unix milliseconds

	inc  string
	own  map[string]bool // all that this process was
	told namesakes       // of other processes of this node's name
	prev []string        // earlier ones that this one goes on from
	quit []string        // earlier ones that ended in order

	seq     uint64
	sent    map[uint64]moment // when beats went out, for a lease's time
	members map[string]*member
	others  map[string]*other
	gone    map[nodeStart]*tombstone

	began  moment // start of the process, or of its going on after it was stopped
	watch  moment // since when silence of others means something
	held   moment // since when the lease has been unbroken; zero: it isn't
	ticked moment
	state  state

	// suspected: somebody declares this incarnation lost. Without a lease nothing else
	// would keep it from going on until that is final.
	suspected   bool
	toldOfAt    moment // when it was last told so
	suspectedAt moment // since when

	evictedInc string // this node's that was declared lost, an earlier process's perhaps

	fatal   error
	events  []event
	changes uint64             // counts what must be kept
	kept    uint64             // the last change that is
	public  map[nodeStart]bool // members and tombstones that are kept, so may be told
	news    bool               // the others should know at once
}

// state is where this node stands.
type state int

const (
	joining state = iota
	serving       // the fence may open
	evicted       // declared lost: first it gives up what others took over
	leaving
)

// member is another member of the cluster.
type member struct {
	name, tag, inc string
	version        string
	roots          []string
	// confirmed: a majority of the confirmed members lists it, so it may count
	// for a majority itself. Until then it only makes majorities harder to get.
	confirmed bool
	// own are the tags that it listed as members last: its lease depends on them.
	own     []string
	hearing bool
	courted bool   // this node has taken it in, and not yet been answered
	since   moment // since when this incarnation is known
	heardAt moment // of its last beat; zero: never
	acked   moment // when the latest of this node's beats went out that it has acknowledged
	beat    *beat
}

// other is a node that is heard and no member, or not any more.
type other struct {
	beat  *beat
	at    moment
	beats int // how many came one after another
}

// beatsToAdmit is after how many beats a node should have become a member.
const beatsToAdmit = 10

// event is what observers are told, in order.
type event struct {
	node    Node
	what    happening
	how     departure
	version uint64 // told once this change is kept
}

type happening int

const (
	nowHeard happening = iota
	nowSilent
	nowGone
)

func newRoster(t timing, name, tag, version string, now moment) *roster {
	return &roster{t: t, told: namesakes{silence: t.silence}, name: name, tag: tag, version: version, own: make(map[string]bool), sent: make(map[uint64]moment),
		members: make(map[string]*member), others: make(map[string]*other), gone: make(map[nodeStart]*tombstone),
		public: make(map[nodeStart]bool), began: now, watch: now, ticked: now}
}

// become gives this node an incarnation.
func (r *roster) become(inc string) {
	r.inc, r.own[inc] = inc, true
	r.change()
}

func (r *roster) change() { r.changes++; r.news = true }

// hear takes a beat of another node.
func (r *roster) hear(b *beat, now moment) error {
	if b.tag == r.tag {
		r.meetNamesake(b)
		return nil
	}
	if b.Max < protocolMin || b.Min > protocolMax {
		return fmt.Errorf("it speaks versions %d to %d of the nodes' protocol, this node %d to %d", b.Min, b.Max, protocolMin, protocolMax)
	}
	r.learnGone(b, now)
	r.hearOfNamesake(b, now)
	if r.state == leaving {
		return nil
	}
	if r.gone[b.start()] != nil {
		r.noteOther(b, now)
		return nil
	}
	m := r.members[b.tag]
	var refused error
	if m != nil && m.inc != b.Inc {
		m, refused = r.succeed(m, b, now)
	}
	if m == nil {
		r.noteOther(b, now)
		if m = r.admit(b, now); m == nil {
			return refused
		}
	}
	if m.beat != nil && b.Seq <= m.beat.Seq {
		return nil
	}
	m.beat, m.heardAt, m.version, m.roots = b, now, b.Version, b.Roots
	if own := b.roll(); !slices.Equal(m.own, own) {
		m.own = own
		r.changes++
	}
	if listsMember(b, r.tag, r.inc) {
		m.courted = false
		if at, ok := r.sent[b.heard(r.tag, r.inc)]; ok && now.age(at) < now.age(m.acked) {
			m.acked = at
		}
		r.learnMembers(b, now)
		r.setHearing(m, true)
	} else {
		r.setHearing(m, false)
	}
	r.confirm()
	return nil
}

// isHeard says whether a beat of a member came a moment ago, whether or not it takes
// this node for a member.
func (r *roster) isHeard(m *member, now moment) bool {
	return !m.heardAt.zero() && now.waited(m.heardAt) <= r.t.silence
}

// hearsThis says whether the sender of a beat has heard this node a moment ago.
func (r *roster) hearsThis(b *beat, now moment) bool {
	at, ok := r.sent[b.heard(r.tag, r.inc)]
	return ok && now.age(at) <= r.t.silence
}

// replace gives a member its new incarnation.
func (r *roster) replace(m *member, inc string, now moment) {
	r.setHearing(m, false)
	r.tell(m, nowGone, replaced)
	m.inc, m.since, m.beat, m.acked, m.heardAt = inc, now, nil, moment{}, moment{}
	r.change()
}

func (r *roster) noteOther(b *beat, now moment) {
	o := r.others[b.tag]
	if o == nil {
		if len(r.others) >= maxNodes {
			return
		}
		r.news = true // so that it hears that it was heard
		o = &other{}
		r.others[b.tag] = o
	}
	o.beat, o.at, o.beats = b, now, o.beats+1
}

func (r *roster) setHearing(m *member, hearing bool) {
	if m.hearing == hearing {
		return
	}
	m.hearing, r.news = hearing, true
	if hearing {
		r.tell(m, nowHeard, 0)
	} else {
		r.tell(m, nowSilent, 0)
	}
}

func (r *roster) tell(m *member, what happening, how departure) {
	r.events = append(r.events, event{m.node(), what, how, r.changes})
}

// tick lets time pass.
func (r *roster) tick(now moment) {
	if now.waited(r.ticked) > r.t.silence { // this process was stopped
		for _, m := range r.inOrder() {
			r.setHearing(m, false)
		}
		r.began, r.watch = now, now
	}
	r.ticked = now
	r.giveIn(now)
	for _, m := range r.inOrder() {
		if m.hearing && now.waited(m.heardAt) > r.t.silence {
			r.setHearing(m, false)
		}
	}
	maps.DeleteFunc(r.others, func(_ string, o *other) bool { return now.waited(o.at) > 2*r.t.silence })
	r.withdraw(now)
	r.watchLease(now)
	r.declare(now)
	r.finish(now)
}

// inOrder lists the members by tag.
func (r *roster) inOrder() []*member {
	return slices.SortedFunc(maps.Values(r.members), func(a, b *member) int { return cmp.Compare(a.tag, b.tag) })
}

func (m *member) node() Node {
	return Node{Name: m.name, Tag: m.tag, Version: m.version, Hearing: m.hearing, Incarnation: m.inc}
}

// makeBeat makes the next beat, to be sent at once.
func (r *roster) makeBeat(now moment) *beat {
	r.seq++
	r.sent[r.seq] = now
	maps.DeleteFunc(r.sent, func(_ uint64, at moment) bool { return now.age(at) > r.t.lease })
	r.news = false
	b := &beat{Name: r.name, Inc: r.inc, Seq: r.seq, Version: r.version, Min: protocolMin, Max: protocolMax,
		Started: r.started, Roots: r.roots, Prev: r.prev, Left: r.quit, Open: r.open(now), Gone: r.tombstones(), Known: r.digest(), tag: r.tag}
	if r.public[nodeStart{r.tag, r.inc}] {
		b.Members = append(b.Members, beatNode{Name: r.name, Inc: r.inc, tag: r.tag})
	}
	for _, m := range r.inOrder() {
		n := beatNode{Name: m.name, Inc: m.inc, Mute: !m.hearing, tag: m.tag}
		if m.beat != nil && r.gone[m.start()] == nil {
			n.Seq = m.beat.Seq
		}
		if r.public[m.start()] {
			b.Members = append(b.Members, n)
		} else {
			b.Others = append(b.Others, n)
		}
		if r.silent(m, now) {
			b.Silent = append(b.Silent, m.silence())
		}
	}
	for _, o := range r.others {
		if r.gone[o.beat.start()] == nil && now.waited(o.at) <= r.t.silence {
			b.Others = append(b.Others, beatNode{Name: o.beat.Name, Inc: o.beat.Inc, Seq: o.beat.Seq, tag: o.beat.tag})
		}
	}
	return b
}

func (m *member) start() nodeStart { return nodeStart{m.tag, m.inc} }

// silence is what this node says of a member that it doesn't hear.
func (m *member) silence() silence {
	s := silence{nodeStart: m.start(), Own: m.own}
	if m.beat != nil {
		s.Seq = m.beat.Seq
	}
	return s
}
