package webhooks

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// crowd drives slots as endpoints do, with a clock of its own, and checks after
// every step what slots promises.
type crowd struct {
	t       *testing.T
	s       *slots
	now     time.Time
	waiting map[*waiter]bool
	holding map[*waiter]time.Time
	granted []*waiter
}

func newCrowd(t *testing.T, value, most int) *crowd {
	s := newSlots(newLimit(most, time.Hour))
	s.limit.value = value
	return &crowd{t: t, s: s, now: time.Unix(1e9, 0), waiting: map[*waiter]bool{}, holding: map[*waiter]time.Time{}}
}

func (c *crowd) add(w waiter) *waiter {
	c.s.add(&w)
	c.waiting[&w] = true
	return &w
}

// grant seats all whom there is room for and gives them.
func (c *crowd) grant() []*waiter {
	c.t.Helper()
	var seated []*waiter
	for {
		before, slow, limit := c.s.held, c.s.slow, c.s.usable()
		w := c.s.grant(c.now)
		if w == nil {
			break
		}
		if before-slow >= limit || before >= c.s.limit.most {
			c.t.Fatalf("granted a slot with %d held, %d of them slow, of %d", before, slow, limit)
		}
		if !c.waiting[w] {
			c.t.Fatal("granted to one that doesn't wait")
		}
		delete(c.waiting, w)
		c.holding[w] = c.now
		seated = append(seated, w)
		c.check(w)
	}
	c.granted = append(c.granted, seated...)
	c.idle()
	return seated
}

func (c *crowd) release(w *waiter, how load) {
	c.s.release(w, how, c.holding[w], c.now)
	delete(c.holding, w)
}

// check says that the grant to w kept the rules.
func (c *crowd) check(w *waiter) {
	c.t.Helper()
	var class, addr, uid, repeats, repeatsOfClass, slow, doubted int
	for h := range c.holding {
		if h.kind == repeated {
			repeats++
			if h.class == w.class {
				repeatsOfClass++
			}
		}
		if h.slow {
			slow++
			continue
		}
		if h.class == messages && h.kind != firstTry {
			doubted++
		}
		if h.class == w.class {
			class++
			if h.addr == w.addr {
				addr++
			}
			if h.uid == w.uid && w.uid != "" {
				uid++
			}
		}
	}
	if share := c.s.share(w.class, w.kind); addr > share || uid > share {
		c.t.Fatalf("address holds %d, uid %d, their share is %d", addr, uid, share)
	}
	if most := max(1, c.s.limit.value/4); w.kind == repeated && repeats > most {
		c.t.Fatalf("%d repeated attempts, at most %d of %d may be", repeats, most, c.s.limit.value)
	}
	if class != c.s.queue[w.class].held || repeatsOfClass != c.s.repeats[w.class] || len(c.holding) != c.s.held ||
		slow != c.s.slow || doubted != c.s.doubted {
		c.t.Fatal("the counts are wrong")
	}
}

// idle says that whoever waits now is rightly kept waiting, looking at each by
// itself.
func (c *crowd) idle() {
	c.t.Helper()
	if c.s.waiting != len(c.waiting) {
		c.t.Fatalf("%d wait, counted %d", len(c.waiting), c.s.waiting)
	}
	held := c.s.heldByClass()
	addrs, uids := map[string]int{}, map[string]int{}
	key := func(cl class, s string) string { return fmt.Sprint(cl, s) }
	for h := range c.holding {
		if h.slow {
			continue
		}
		addrs[key(h.class, h.addr)]++
		uids[key(h.class, h.uid)]++
	}
	doubtful := false
	for w := range c.waiting {
		doubtful = doubtful || w.doubtful
	}
	for w := range c.waiting {
		share := c.s.share(w.class, w.kind)
		if w.class == messages { // see trust_test.go
			if t, _ := c.s.trusts(w.kind); t != open || doubtful && w.kind == repeated {
				continue
			}
		}
		switch {
		case !c.s.quota().admits(w.class, held),
			w.kind == repeated && !c.s.repeatQuota().admits(w.class, c.s.repeats),
			addrs[key(w.class, w.addr)] >= share,
			w.uid != "" && uids[key(w.class, w.uid)] >= share:
		default:
			c.t.Fatalf("%+v waits though it may have a slot: %d of %d held", *w, c.s.held, c.s.limit.value)
		}
	}
}

func TestQuotas(t *testing.T) {
	tests := []struct {
		limit                     int
		connects, messages, close int // own
		repeats                   int
		share                     int // of messages
	}{
		{1, 0, 0, 0, 1, 1},
		{3, 0, 0, 0, 1, 2},
		{4, 1, 1, 1, 1, 1},
		{8, 1, 2, 1, 2, 4},
		{16, 2, 4, 2, 4, 9},
		{64, 8, 16, 8, 16, 36},
		{1000, 125, 250, 125, 250, 562},
	}
	for _, tt := range tests {
		s := newSlots(newLimit(tt.limit, 0))
		s.limit.value = tt.limit
		q := s.quota()
		if q.own != [classes]int{tt.connects, tt.messages, tt.close} || s.repeatQuota().total != tt.repeats || s.share(messages, repeated) != tt.share {
			t.Errorf("limit %d: own %v, repeats %d, share %d; want %+v", tt.limit, q.own, s.repeatQuota().total, s.share(messages, repeated), tt)
		}
	}
}

func TestClassesKeepSlotsOfTheirOwn(t *testing.T) {
	for flood := range class(classes) {
		c := newCrowd(t, 64, 64)
		for i := range 1000 {
			c.add(waiter{class: flood, addr: fmt.Sprint(i)})
		}
		c.grant()
		for other := range class(classes) {
			if other == flood {
				continue
			}
			own := c.s.quota().own[other]
			for i := range own {
				c.add(waiter{class: other, addr: fmt.Sprint("other", i)})
			}
			if n := len(c.grant()); n != min(own, c.s.share(other, firstTry)) {
				t.Errorf("%d of class %d got a slot beside a flood of %d, want %d", n, other, flood, own)
			}
		}
	}
}

func TestFewSlotsGoRoundTheClasses(t *testing.T) {
	for limit := 1; limit < 4; limit++ {
		c := newCrowd(t, limit, limit)
		for i := range 300 {
			c.add(waiter{class: class(i) % classes, addr: fmt.Sprint(i)})
		}
		for len(c.granted) < 60 {
			for w := range c.holding {
				c.release(w, eased)
				break
			}
			c.grant()
		}
		count := [classes]int{}
		for _, w := range c.granted[:60] {
			count[w.class]++
		}
		if count[connects] < 18 || count[messages] < 18 || count[closes] < 18 {
			t.Errorf("limit %d: granted %v", limit, count)
		}
	}
}

func TestRepeatedAttemptsHoldAQuarter(t *testing.T) {
	c := newCrowd(t, 64, 64)
	for i := range 100 {
		c.add(waiter{class: messages, kind: repeated, addr: fmt.Sprint(i)})
	}
	c.grant()
	if n := len(c.holding); n != 14 { // 16, one of which is left to each other class
		t.Errorf("%d repeated messages at once", n)
	}
	c.add(waiter{class: connects, kind: repeated, addr: "x"})
	c.add(waiter{class: messages, addr: "y"})
	if n := len(c.grant()); n != 2 {
		t.Errorf("%d got a slot beside the repeated messages, want 2", n)
	}
}

// One address floods with 10,000; a single event of another is next, or nearly.
func TestAFloodKeepsNobodyWaiting(t *testing.T) {
	for _, tt := range []struct {
		name  string
		flood func(i int) waiter
	}{
		{"one address", func(i int) waiter { return waiter{class: messages, addr: "flood", uid: fmt.Sprint("u", i)} }},
		{"one uid", func(i int) waiter { return waiter{class: messages, addr: fmt.Sprint("a", i), uid: "flood"} }},
		{"one address, no uid", func(int) waiter { return waiter{class: messages, addr: "flood"} }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newCrowd(t, 8, 8)
			for i := range 10_000 {
				c.add(tt.flood(i))
			}
			c.grant()
			share := c.s.share(messages, firstTry)
			if len(c.holding) != share {
				t.Fatalf("the flood holds %d, its share is %d", len(c.holding), share)
			}
			victim := c.add(waiter{class: messages, addr: "victim", uid: "victim"})
			if seated := c.grant(); len(seated) != 1 || seated[0] != victim {
				t.Error("another had to wait")
			}
		})
	}
}

// Even with a single slot, which nobody holds at the moment of the choice, an
// address gets its turn after one of each other's.
func TestAddressesTakeTurns(t *testing.T) {
	c := newCrowd(t, 1, 1)
	for range 1000 {
		c.add(waiter{class: messages, addr: "flood"})
	}
	c.grant()
	for i := range 5 {
		c.add(waiter{class: messages, addr: fmt.Sprint(i)})
	}
	for range 6 {
		for w := range c.holding {
			c.release(w, unknown)
		}
		c.grant()
	}
	for w := range c.waiting {
		if w.addr != "flood" {
			t.Errorf("%s waits still", w.addr)
		}
	}
}

func TestLaneIsFirstComeFirstServed(t *testing.T) {
	c := newCrowd(t, 1, 1)
	var want []*waiter
	for range 50 {
		want = append(want, c.add(waiter{class: messages, addr: "a", uid: "u"}))
	}
	for range 50 {
		for w := range c.holding {
			c.release(w, unknown)
		}
		c.grant()
	}
	for i, w := range c.granted {
		if w != want[i] {
			t.Fatalf("grant %d is out of order", i)
		}
	}
}

// A user's parked lanes aren't forgotten when the lane that was brought back for
// them is cancelled.
func TestParkedLanesComeBack(t *testing.T) {
	c := newCrowd(t, 4, 4) // share 1
	first := c.add(waiter{class: messages, addr: "a0", uid: "u"})
	c.grant()
	var rest []*waiter
	for i := 1; i < 10; i++ {
		rest = append(rest, c.add(waiter{class: messages, addr: fmt.Sprint("a", i), uid: "u"}))
	}
	c.grant()
	c.release(first, unknown)
	for _, w := range rest[:8] {
		c.s.cancel(w)
		delete(c.waiting, w)
	}
	if seated := c.grant(); len(seated) != 1 || seated[0] != rest[8] {
		t.Errorf("granted %v", seated)
	}
}

// Any sequence of calls keeps the rules, and when all is done nothing is left.
func TestSlotsInAnyOrder(t *testing.T) {
	t.Parallel()
	for seed := range seeds(60) {
		random := rand.New(rand.NewPCG(seed, 1))
		most := 1 + random.IntN(40)
		c := newCrowd(t, 1+random.IntN(most), most)
		play(c, func(n int) int { return random.IntN(n) }, 600)
		c.drain()
	}
}

func FuzzSlots(f *testing.F) {
	f.Add([]byte("some steps of every kind \x00\x01\x02\x03\x04\x05\x06\x07"))
	f.Add([]byte{0, 0, 0, 0, 9, 9, 9, 1, 2, 3, 255, 254})
	f.Fuzz(func(t *testing.T, steps []byte) {
		at := 0
		next := func(n int) int {
			if at == len(steps) {
				return 0
			}
			at++
			return int(steps[at-1]) % n
		}
		c := newCrowd(t, 1+next(20), 20)
		play(c, next, min(len(steps), 2000))
		c.drain()
	})
}

// play makes a number of steps that pick chooses.
func play(c *crowd, pick func(n int) int, steps int) {
	for range steps {
		c.now = c.now.Add(time.Duration(pick(300)) * time.Millisecond)
		switch step := pick(12); {
		case step < 6:
			w := waiter{class: class(pick(classes)), kind: kind(pick(kinds)), since: c.now, addr: fmt.Sprint("a", pick(5))}
			if pick(2) == 0 {
				w.uid = fmt.Sprint("u", pick(3))
			}
			if w.class != messages {
				w.kind = min(w.kind, repeated)
			}
			w.doubtful = w.class == messages && w.kind == repeated && pick(2) == 0
			c.add(w)
		case step < 9:
			if w := nth(c.holding, pick(8)); w != nil {
				began := c.holding[w]
				c.release(w, load(pick(3)))
				if pick(2) == 0 {
					c.s.overtaken(began, c.now)
				}
			}
		case step < 10:
			if w := nth(c.waiting, pick(8)); w != nil {
				c.s.cancel(w)
				delete(c.waiting, w)
			}
		case step < 11:
			if w := c.s.along(func(*waiter) bool { return pick(4) > 0 }); w != nil {
				if w.class == connects || w.kind == repeated || !c.waiting[w] {
					c.t.Fatalf("%+v was taken along", *w)
				}
				delete(c.waiting, w)
			}
		default:
			c.s.stretch(c.now)
		}
		c.grant()
		if v := c.s.limit.value; v < 1 || v > c.s.limit.most {
			c.t.Fatalf("limit %d of %d", v, c.s.limit.most)
		}
	}
}

// drain lets everyone finish and looks for what was left behind.
func (c *crowd) drain() {
	c.t.Helper()
	for len(c.holding) > 0 {
		c.release(nth(c.holding, 0), unknown)
		c.grant()
	}
	if len(c.waiting) > 0 || c.s.held != 0 || c.s.waiting != 0 {
		c.t.Fatalf("%d starve; held %d, waiting %d", len(c.waiting), c.s.held, c.s.waiting)
	}
	for i := range c.s.queue {
		q := &c.s.queue[i]
		if len(q.sources)+len(q.users)+len(q.parking)+len(q.ready[0])+len(q.ready[1])+q.held != 0 || q.arrived != [kinds]chain{} {
			c.t.Fatalf("class %d keeps %d addresses, %d users", i, len(q.sources), len(q.users))
		}
	}
}

// nth is a member of the set that only the order of addition decides.
func nth[V any](set map[*waiter]V, n int) *waiter {
	var best *waiter
	for w := range set {
		if best == nil || (w.came < best.came) == (n%2 == 0) {
			best = w
		}
	}
	return best
}

// A grant must not cost more with 100 times as many waiting.
func BenchmarkGrant(b *testing.B) {
	for _, n := range []int{100, 10_000} {
		for _, shape := range []string{"addresses", "one address", "one uid"} {
			b.Run(fmt.Sprintf("%s/%d", shape, n), func(b *testing.B) {
				s := newSlots(newLimit(64, 0))
				one := func(i int) *waiter {
					w := &waiter{class: messages, addr: fmt.Sprint("a", i%n), uid: fmt.Sprint("u", i%n)}
					switch shape {
					case "one address":
						w.addr = "a"
					case "one uid":
						w.uid = "u"
					}
					return w
				}
				for i := range n {
					s.add(one(i))
				}
				var now time.Time
				for i := range b.N {
					w := s.grant(now)
					s.release(w, unknown, now, now)
					s.add(one(i))
				}
			})
		}
	}
}
