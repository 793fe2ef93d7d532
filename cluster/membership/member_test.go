package membership

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// table of entries that a test's bucket holds; all that is asked for is answered at once.
type bucket struct {
	entries map[string]Entry
	seq     uint64
	fail    func(Op) (Answer, bool) // answers instead, if it says so
}

func newBucket() *bucket { return &bucket{entries: map[string]Entry{}} }

func (b *bucket) put(key string, r Record) {
	b.seq++
	b.entries[key] = Entry{key, r, b.seq}
}

func (b *bucket) do(op Op) Answer {
	if b.fail != nil {
		if a, yes := b.fail(op); yes {
			return a
		}
	}
	switch op.Kind {
	case Write:
		if last := b.entries[op.Key].Revision; last != op.Expected {
			return Answer{Result: Conflict, Revision: last, Known: true}
		}
		b.put(op.Key, op.Record)
		return Answer{Result: OK, Revision: b.seq}
	case Read:
		if e, ok := b.entries[op.Key]; ok {
			return Answer{Result: OK, Entries: []Entry{e}}
		}
		return Answer{Result: Missing}
	case List:
		a := Answer{Result: OK}
		for _, e := range b.entries {
			a.Entries = append(a.Entries, e)
		}
		return a
	}
	return Answer{Result: Missing}
}

// pass lets time pass in steps of 100 ms.
func (b *bucket) pass(m *Member, from, to time.Duration) {
	for now := from; now <= to && m.Over() == nil; now += 100 * time.Millisecond {
		m.Tick(now)
		for ops := m.Ops(); len(ops) > 0; ops = m.Ops() {
			for _, op := range ops {
				m.Answer(op.ID, b.do(op), now)
			}
		}
	}
}

func newMember(name string, now time.Duration) *Member {
	return New(Config{Timing: DefaultTiming, Incarnation: "i1", Name: name, Random: func() uint64 { return 1 }}, now)
}

const second = time.Second

func TestLeaseCountsFromTheSending(t *testing.T) {
	b := newBucket()
	m := newMember("a", 0)
	b.pass(m, 0, 5*second)
	if !m.MayAct(5 * second) {
		t.Fatal("it isn't in after five seconds in peace")
	}
	// A renewal is sent at 6.1 s, and acknowledged at 9 s.
	m.Tick(6100 * time.Millisecond)
	ops := m.Ops()
	if len(ops) != 1 || ops[0].Key != "inc.i1" {
		t.Fatalf("asked for %v, not for a renewal", ops)
	}
	m.Answer(ops[0].ID, b.do(ops[0]), 9*second)
	if got, want := m.LeaseUntil(), 17100*time.Millisecond; got != want {
		t.Errorf("the lease ends at %v, not %v", got, want)
	}
}

func TestElectionEndsNoLease(t *testing.T) {
	b := newBucket()
	m := newMember("a", 0)
	b.pass(m, 0, 5*second)
	b.fail = func(Op) (Answer, bool) { return Answer{}, true }
	b.pass(m, 5*second, 14*second)
	if !m.MayAct(14 * second) {
		t.Error("no lease after nine seconds without a leader")
	}
	b.fail = nil
	b.pass(m, 14*second, 16*second)
	if _, must := m.MustProve(16 * second); must || !m.MayAct(16*second) {
		t.Error("the lease had ended")
	}
}

func TestOwnTryIsRecognised(t *testing.T) {
	b := newBucket()
	m := newMember("a", 0)
	b.pass(m, 0, 5*second)
	lost := false
	b.fail = func(op Op) (Answer, bool) { // the first renewal gets in, its acknowledgement is lost, and all behind it conflicts
		if op.Kind == Write && !lost {
			lost = true
			b.put(op.Key, op.Record)
			return Answer{}, true
		}
		return Answer{}, op.Kind == Write
	}
	b.pass(m, 6*second, 7*second)
	if got := m.LeaseUntil(); got < 17*second {
		t.Errorf("the lease ends at %v: the renewal of 6 s isn't recognised", got)
	}
}

func TestNameTakenBySecondRenewalOnly(t *testing.T) {
	b := newBucket()
	old := Record{Epoch: "e", Incarnation: "old", Name: "a", State: Alive, Writer: "old"}
	b.put(EpochKey, Record{Epoch: "e"})
	b.put("inc.old", old)
	b.put("name.a", Record{Epoch: "e", Incarnation: "old"})
	m := newMember("a", 0)
	b.pass(m, 0, 2*second)
	for i, want := range []error{nil, ErrNameTaken} {
		b.put("inc.old", old)
		m.Saw(0, b.entries["inc.old"], 3*second)
		if !errors.Is(m.Over(), want) {
			t.Fatalf("after renewal %d: %v, not %v", i+1, m.Over(), want)
		}
	}
}

func TestNameOfSilentIncarnation(t *testing.T) {
	b := newBucket()
	b.put(EpochKey, Record{Epoch: "e"})
	b.put("inc.old", Record{Epoch: "e", Incarnation: "old", Name: "a", State: Alive, Writer: "old"})
	b.put("name.a", Record{Epoch: "e", Incarnation: "old"})
	m := newMember("a", 0)
	b.pass(m, 0, 13*second)
	if got := b.entries["inc.old"].Record.State; got != Alive || m.Serving() {
		t.Fatalf("it is %s after 13 s, of which not all were silence", got)
	}
	b.pass(m, 13*second, 15*second)
	if r := b.entries["inc.old"].Record; r.State == Alive || r.Claimant != "i1" || !m.Serving() {
		t.Fatalf("after 15 s: %+v", r)
	}
}

func TestForgottenAfterALongSleep(t *testing.T) {
	b := newBucket()
	m := newMember("a", 0)
	b.pass(m, 0, 5*second)
	*b = *newBucket() // wiped
	b.pass(m, 2*time.Hour, 2*time.Hour+second)
	if !errors.Is(m.Over(), ErrForgotten) || len(b.entries) > 0 {
		t.Errorf("%v, and it wrote %v", m.Over(), b.entries)
	}
}

func TestLogOutcomes(t *testing.T) {
	tests := []struct {
		name   string
		answer Answer
		marks  []Mark
		want   Outcome
		last   uint64
	}{
		{"acknowledged", Answer{Result: OK, Revision: 6}, nil, Appended, 6},
		{"unknown, and not there", Answer{}, nil, Again, 5},
		{"unknown, and there", Answer{}, []Mark{{7, "t", false}}, Appended, 7},
		{"its own earlier try", Answer{Result: Conflict, Revision: 6, Known: true}, []Mark{{6, "t", false}}, Appended, 6},
		{"in, and fenced since", Answer{}, []Mark{{6, "t", false}, {7, "f", true}}, Appended, 6},
		{"fenced", Answer{Result: Conflict, Revision: 6, Known: true}, []Mark{{6, "f", true}}, Fenced, 5},
		{"fenced, on a replica that lags", Answer{Result: Conflict, Revision: 6, Known: true}, nil, Again, 5},
		{"its own last fence", Answer{}, []Mark{{6, "t", true}}, Appended, 6},
		{"an own batch of before", Answer{Result: Conflict, Revision: 6, Known: true}, []Mark{{6, "s", false}}, Again, 6},
		{"rolled back", Answer{Result: Conflict, Revision: 4, Known: true}, nil, Lost, 5},
		{"gone", Answer{Result: Missing}, nil, Lost, 5},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := Log{last: 5}
			if got := l.Append("t"); got != 5 {
				t.Fatalf("expects %d as the last sequence", got)
			}
			got := l.Answer(tt.answer)
			if got == AskTail {
				got = l.Tail(tt.marks)
			}
			if got != tt.want || l.Last() != tt.last {
				t.Errorf("got %v and last %d, not %v and %d", got, l.Last(), tt.want, tt.last)
			}
		})
	}
}

// A ring of many: each incarnation has three observers, and tasks fall evenly.
func TestRing(t *testing.T) {
	ids := strings.Fields("a b c d e f g h i j")
	watchers, firsts := map[string]int{}, map[string]int{}
	for _, id := range ids {
		table := newTable(id)
		for i, other := range ids {
			table.put(Entry{IncarnationKey(other), Record{Incarnation: other, State: Alive}, uint64(i + 1)}, 0)
		}
		for _, of := range table.watch {
			watchers[of]++
		}
		for task := range 1000 {
			if table.rank(string(rune(task))) == 0 {
				firsts[id]++
			}
		}
	}
	for _, id := range ids {
		if watchers[id] != observers {
			t.Errorf("%d watch %s", watchers[id], id)
		}
		if firsts[id] < 50 || firsts[id] > 200 {
			t.Errorf("%s is the first for %d of 1000 tasks", id, firsts[id])
		}
	}
}
