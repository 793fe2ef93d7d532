package cluster

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"gatepost/protocol"
)

// world runs rosters on a clock and a network of its own.
type world struct {
	t         *testing.T
	r         *rand.Rand
	now       moment
	nodes     []*simulated
	mail      []letter
	busy      map[[2]int]time.Duration // when the latest letter from one to another arrives: order is kept
	cut       map[[2]int]bool
	seed      uint64
	story     []string
	lost      map[nodeStart]bool // declared by somebody
	namesakes bool               // there are two of one name
}

type letter struct {
	to   int
	due  moment
	data []byte
}

type simulated struct {
	*roster      // nil: not running
	name         string
	disk         *record
	writes       *record // on their way to the disk
	change       uint64
	due          moment
	joined, last moment
	paused       moment // until then
	began        int    // counts starts
}

const simulatedStep = 50 * time.Millisecond

func newWorld(t *testing.T, seed uint64, nodes int) *world {
	w := &world{t: t, r: rand.New(rand.NewPCG(seed, 1)), now: moment{boot: time.Hour, wall: time.Hour * 24 * 365 * 50}, cut: map[[2]int]bool{}, seed: seed, lost: map[nodeStart]bool{},
		busy: map[[2]int]time.Duration{}}
	for i := range nodes {
		w.nodes = append(w.nodes, &simulated{name: nodeName(i)})
	}
	return w
}

func (w *world) tell(format string, args ...any) {
	w.story = append(w.story, fmt.Sprintf("%8v ", (w.now.boot-time.Hour).Round(simulatedStep))+fmt.Sprintf(format, args...))
}

func (w *world) fail(format string, args ...any) {
	w.t.Helper()
	story := w.story
	if len(story) > 60 {
		story = story[len(story)-60:]
	}
	w.t.Fatalf("seed %d: %s\n%s", w.seed, fmt.Sprintf(format, args...), strings.Join(story, "\n"))
}

func (w *world) start(n *simulated) {
	n.roster = newRoster(defaultTiming, n.name, protocol.NodeTag(n.name), "v", w.now)
	earlier := ""
	if n.disk != nil {
		earlier = n.disk.Inc
		n.load(n.disk)
	}
	n.began++
	n.started = int64(w.now.wall / time.Millisecond)
	n.become(newIncarnation(earlier))
	n.joined, n.writes = w.now, nil
	w.tell("%s starts as %s, goes on from %v", n.name, n.inc, n.prev)
}

// step lets 50 ms pass.
func (w *world) step() {
	w.now.boot += simulatedStep
	w.now.wall += simulatedStep
	keep := w.mail[:0]
	for _, l := range w.mail {
		n := w.nodes[l.to]
		switch {
		case n.roster == nil:
		case w.now.boot < l.due.boot || w.now.boot < n.paused.boot:
			keep = append(keep, l)
		default:
			b, err := parseBeat(l.data)
			if err != nil {
				w.fail("%v", err)
			}
			if err := n.hear(b, w.now); err != nil && !errors.Is(err, errOtherProcess) {
				w.fail("%v", err)
			}
		}
	}
	w.mail = keep
	for i, n := range w.nodes {
		if n.roster == nil || w.now.boot < n.paused.boot {
			continue
		}
		if n.writes != nil && w.now.boot >= n.due.boot {
			n.disk = n.writes
			n.keep(n.writes, n.change)
			n.writes = nil
		}
		if n.writes == nil && n.kept < n.changes {
			text, _ := json.Marshal(n.record())
			n.writes, n.change = &record{}, n.changes
			_ = json.Unmarshal(text, n.writes)
			n.due.boot = w.now.boot + time.Duration(w.r.IntN(300))*time.Millisecond
		}
		n.tick(w.now)
		if n.state == joining && n.kept > 0 && w.now.waited(n.joined) > defaultTiming.meeting {
			n.state = serving
		}
		if n.state == evicted {
			w.tell("%s was lost as %s and %v", n.name, n.inc, n.prev)
			n.reset(newIncarnation(n.inc))
			n.joined = w.now
		}
		for _, e := range n.events {
			if e.what == nowGone && e.how == lost {
				w.tell("%s: %s is lost as %s", n.name, e.node.Name, e.node.Incarnation)
				w.lost[nodeStart{e.node.Tag, e.node.Incarnation}] = true
			}
		}
		n.events = nil
		if n.news || w.now.waited(n.last) >= defaultTiming.beat {
			n.last = w.now
			data := n.makeBeat(w.now).encode()
			for j := range w.nodes {
				if j != i && !w.cut[[2]int{min(i, j), max(i, j)}] {
					way := [2]int{i, j}
					w.busy[way] = max(w.busy[way], w.now.boot+time.Duration(w.r.IntN(200))*time.Millisecond)
					w.mail = append(w.mail, letter{j, moment{boot: w.busy[way]}, data})
				}
			}
		}
	}
	w.check()
}

// check: who is declared lost has a shut fence, whatever happened.
// Who has no namesake isn't told to end.
func (w *world) check() {
	for _, n := range w.nodes {
		if n.roster != nil && n.fatal != nil && !w.namesakes {
			w.fail("%s is told to end: %v", n.name, n.fatal)
		}
		if n.roster == nil || !w.lost[nodeStart{n.tag, n.inc}] {
			continue
		}
		if w.namesakes && n.count() <= leaseless {
			continue // without a lease it must be told
		}
		if always, start := n.allowed(w.now); always || !start.zero() && w.now.age(start) < defaultTiming.lease {
			w.fail("%s is lost as %s, and has an open fence", n.name, n.inc)
		}
	}
}

// happen lets something go wrong, or right.
func (w *world) happen() {
	i := w.r.IntN(len(w.nodes))
	n := w.nodes[i]
	switch w.r.IntN(10) {
	case 0, 1: // a partition
		side := w.r.Uint64()
		for a := range w.nodes {
			for b := a + 1; b < len(w.nodes); b++ {
				w.cut[[2]int{a, b}] = side>>a&1 != side>>b&1
			}
		}
		w.tell("partition %b", side&(1<<len(w.nodes)-1))
	case 2: // one link
		j := w.r.IntN(len(w.nodes))
		if i != j {
			w.cut[[2]int{min(i, j), max(i, j)}] = true
			w.tell("no way between %s and %s", n.name, w.nodes[j].name)
		}
	case 3:
		clear(w.cut)
		w.tell("healed")
	case 4:
		if n.roster != nil {
			n.roster, n.writes = nil, nil
			w.tell("%s dies", n.name)
		}
	case 5, 6:
		if n.roster == nil {
			w.start(n)
		}
	case 7:
		if n.roster != nil {
			n.paused.boot = w.now.boot + time.Duration(w.r.IntN(20000))*time.Millisecond
			w.tell("%s is stopped until %v", n.name, n.paused.boot-time.Hour)
		}
	case 8:
		if n.roster != nil && w.r.IntN(3) == 0 {
			n.roster, n.writes, n.disk = nil, nil, nil
			w.tell("%s dies, and its disk", n.name)
		}
	case 9:
		if n.roster != nil && n.state == serving && w.now.boot >= n.paused.boot {
			w.leave(i)
		}
	}
}

// leave takes a node out in order; who is reached knows it.
func (w *world) leave(i int) {
	n := w.nodes[i]
	n.state = leaving
	n.disk = n.record()
	w.tell("%s leaves", n.name)
	for j, v := range w.nodes {
		if v.roster == nil || w.cut[[2]int{min(i, j), max(i, j)}] || w.now.boot < v.paused.boot {
			continue
		}
		if m, to := v.members[n.tag], n.members[v.tag]; m != nil && m.inc == n.inc && to != nil && to.hearing {
			v.markGone(m, false, w.now)
		}
	}
	n.roster, n.writes = nil, nil
}

// Nodes die, leave, lose their disks, restart, are stopped and cut off from each other, in any order:
// nobody is declared lost whose fence is open, and in the end all are one again.
// WORLDS is how many are tried, SEED the only one.
func TestSimulation(t *testing.T) {
	worlds, first := 15, rand.Uint64()
	if s := os.Getenv("WORLDS"); s != "" {
		worlds, _ = strconv.Atoi(s)
	}
	if s := os.Getenv("SEED"); s != "" {
		worlds = 1
		first, _ = strconv.ParseUint(s, 10, 64)
	}
	for i := range worlds {
		seed := first + uint64(i)
		w := newWorld(t, seed, 2+int(seed%5))
		for _, n := range w.nodes {
			w.start(n)
		}
		for range 40 {
			w.happen()
			for range 5 + w.r.IntN(300) {
				w.step()
			}
		}
		w.heal()
	}
}

// heal brings all back and waits until they are one.
func (w *world) heal() {
	clear(w.cut)
	w.tell("the end")
	for _, n := range w.nodes {
		n.paused = moment{}
		if n.roster == nil {
			w.start(n)
		}
	}
	for i := range 1200 { // a minute
		w.step()
		if w.whole() {
			return
		}
		if i == 600 { // a majority has lost its disks: an operator must help
			w.forgetTheDead()
		}
	}
	var state []string
	for _, n := range w.nodes {
		state = append(state, fmt.Sprintf("%s %v %s", n.name, n.state, n.makeBeat(w.now).encode()[1:]))
	}
	w.fail("after a minute in peace they aren't one:\n%s", strings.Join(state, "\n"))
}

// forgetTheDead is what an operator does who knows what runs and what doesn't.
func (w *world) forgetTheDead() {
	for _, n := range w.nodes {
		for _, m := range n.inOrder() {
			for _, v := range w.nodes {
				if v.tag == m.tag && v.inc != m.inc {
					if _, err := n.forget(m.name, w.now); err == nil {
						w.tell("%s is told to forget %s as %s", n.name, m.name, m.inc)
						delete(w.lost, nodeStart{n.tag, n.inc}) // who knew of that has forgotten it
					}
				}
			}
		}
	}
}

func (w *world) whole() bool {
	for _, n := range w.nodes {
		if n.state != serving || len(n.members) != len(w.nodes)-1 {
			return false
		}
		for _, m := range n.members {
			if !m.hearing || !m.confirmed {
				return false
			}
		}
		if len(w.nodes) > leaseless && !n.holds(w.now) {
			return false
		}
	}
	return true
}
