package webhooks

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"gatepost/protocol"
)

// whims is a backend that answers anything at all, and holds what comes to what a
// backend is promised.
type whims struct {
	mu     sync.Mutex // guards the following
	rng    *rand.Rand
	bad    float64           // how likely an answer isn't a good one
	steady bool              // no attempt is cut off by anything but its time
	seen   map[string]int    // by event: how often it has come
	number map[string]int    // the last attempt's
	mute   map[string]bool   // events whose last attempt gets no answer, or late, and may be sent once more as it is
	done   map[string]bool   // answered so that it must not come again
	begun  map[string]string // by client: the last event that has come for the first time
	open   map[string]bool   // connects that may have been accepted
	faults []string
}

func newWhims(seed uint64) *whims {
	return &whims{rng: rand.New(rand.NewPCG(seed, 2)), seen: map[string]int{}, number: map[string]int{}, mute: map[string]bool{}, done: map[string]bool{},
		begun: map[string]string{}, open: map[string]bool{}}
}

func (m *whims) fault(format string, args ...any) {
	m.faults = append(m.faults, fmt.Sprintf(format, args...))
}

// comes takes in that an event has come, alone or in a batch.
func (m *whims) comes(client, id string, number int, batched bool) {
	if m.mute[id] && number == m.number[id] {
		return
	}
	switch before := m.seen[id]; {
	case batched && before > 0:
		m.fault("%s comes in a batch after %d attempts", id, before)
	case number <= before, number <= m.number[id]:
		m.fault("attempt %d at %s says that it is the %dth after the %dth", before+1, id, number, m.number[id])
	}
	if m.done[id] && m.steady {
		m.fault("%s comes again after its 2xx", id)
	}
	if was := m.begun[client]; m.seen[id] == 0 {
		if was > id { // 0, 1, 2, 3, close
			m.fault("%s comes after %s", id, was)
		}
		m.begun[client] = id
	}
	m.seen[id]++
	m.number[id] = number
}

func (m *whims) answer(w http.ResponseWriter, g got) {
	m.mu.Lock()
	code, how := http.StatusOK, ""
	if m.rng.Float64() < m.bad {
		code = []int{503, 503, 502, 429, 500, 400, 410, 413, 408, 200, 200, 200, 200}[m.rng.IntN(13)]
		if code == http.StatusOK {
			how = []string{"hangs", "breaks off", "no JSON"}[m.rng.IntN(3)]
			if m.rng.IntN(50) == 0 {
				how = "too large"
			}
		}
		if wait := []string{"", "", "0", "3", "7", "600", "date"}[m.rng.IntN(7)]; wait == "date" {
			w.Header().Set("Retry-After", time.Now().Add(time.Minute).UTC().Format(http.TimeFormat))
		} else if wait != "" {
			w.Header().Set("Retry-After", wait)
		}
	}
	number, _ := strconv.Atoi(g.header.Get("Gatepost-Attempt"))
	text, takes := "", time.Duration(m.rng.IntN(300))*time.Millisecond
	if g.event.Type == "batch" {
		replies := map[string]any{}
		for _, e := range g.event.Data.Events {
			m.comes(e.Data.ClientID, e.ID, number, true)
			m.mute[e.ID] = how == "breaks off"
			again := m.rng.Float64() < m.bad/2
			if again {
				replies[e.ID] = map[string]bool{"retry": true}
			}
			m.done[e.ID] = code == 200 && (how == "no JSON" || how == "" && !again)
		}
		b, _ := json.Marshal(map[string]any{"replies": replies})
		text = string(b)
	} else {
		m.comes(g.event.Data.ClientID, g.event.ID, number, false)
		m.mute[g.event.ID] = how == "breaks off" || g.event.Type == "connect" && (how == "hangs" || takes > 200*time.Millisecond)
		m.done[g.event.ID] = code == 200 && how == "" || how == "no JSON" && g.event.Type != "connect"
		if g.event.Type == "connect" && (code < 400 || code > 499) {
			m.open[g.event.Data.ClientID] = true
		}
	}
	m.mu.Unlock()
	time.Sleep(takes)
	switch how {
	case "hangs":
		time.Sleep(1100 * time.Millisecond) // over the endpoint's timeout
	case "breaks off":
		panic(http.ErrAbortHandler)
	case "too large":
		text = strings.Repeat(" ", protocol.MaxReplyBytes+1)
	case "no JSON":
		text = "<b>Fatal error</b>"
	}
	w.WriteHeader(code)
	_, _ = w.Write([]byte(text))
}

func (m *whims) turn(bad float64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.bad = bad
}

// Whatever the backend, the fence and the operator do, in batches and alone: each event
// ends exactly once; the backend sees a client's events in order, every attempt with
// a higher number than those before it (but one that went over a kept connection and got
// no answer, or late, which may come twice), and none after its 2xx; a connect that it may
// have accepted has a close; and in the end nothing holds a slot or is on record.
func TestAnythingGoes(t *testing.T) {
	t.Parallel()
	for seed := range seeds(30) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { anythingGoes(t, seed) })
		})
	}
}

func anythingGoes(t *testing.T, seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 1))
	m, g := newWhims(seed), newGate()
	m.steady = rng.IntN(2) == 0
	ttl := []time.Duration{30 * time.Second, 100 * time.Hour}[rng.IntN(2)]
	h := newHouse(t, Endpoint{Timeout: time.Second, Batch: 1 + rng.IntN(5), Concurrency: 1 + rng.IntN(8)}, m.answer, fenced(g),
		func(c *Config) { c.DurableMessages, c.MessageTTL = rng.IntN(2) == 0, ttl })
	o, leaving := newOutcomes(), map[string]bool{}
	var r *rig
	rounds := 1 + rng.IntN(4)
	for round := range rounds {
		m.turn([]float64{0.3, 1, 0.05, 0.9}[rng.IntN(4)])
		ctx, drain := context.WithCancel(t.Context())
		r = h.open()
		o.redeliver(ctx, t, r)
		for i := range 12 {
			client, addr, uid := fmt.Sprint("c", round, "x", i), fmt.Sprint("192.0.2.", i%5), []string{"", "u1", "u2"}[rng.IntN(3)]
			own, giveUp := context.WithCancelCause(ctx)
			if rng.IntN(12) == 0 {
				leaving[client] = true
				time.AfterFunc(time.Duration(rng.Int64N(int64(3*time.Second))), func() { giveUp(ErrGivenUp) })
			}
			wait, text := time.Duration(rng.IntN(4))*time.Second, strings.Repeat("x", rng.IntN(2)*2*smallBody)
			o.all.Go(func() {
				defer giveUp(nil)
				time.Sleep(wait)
				connect := from(event(protocol.Connect, client, 0), addr, uid)
				out := r.Deliver(own, "/ws", "", connect)
				out.Finish()
				m.mu.Lock()
				if m.open[client] && out.Verdict != protocol.Delivered && !out.OwesClose {
					m.fault("a connect that may have been accepted owes no close: %+v", out)
				}
				m.mu.Unlock()
				for seq := range uint64(3) {
					ev := from(event(protocol.Inbound, client, seq+1), addr, uid)
					ev.Data.Message.Payload = []byte(text)
					o.finish(ev.ID, r.Deliver(own, "/ws", "", ev))
				}
				ev := from(event(protocol.Close, client, 4), addr, uid)
				o.finish(ev.ID, r.Deliver(own, "/ws", "", ev))
			})
		}
		for range 3 {
			time.Sleep(time.Duration(rng.Int64N(int64(3 * time.Second))))
			g.set(m.steady || !g.Valid())
		}
		if rng.IntN(2) == 0 {
			g.set(true)
		}
		time.Sleep(time.Duration(rng.Int64N(int64(time.Minute))))
		drain()
		switch rng.IntN(3) {
		case 0:
			r.Close() // beside the draining
		case 1:
			if !m.steady {
				r.Abort()
			}
		}
		o.all.Wait()
		idle(t, r)
		r.Close()
	}
	m.turn(0)
	g.set(true)
	r = h.open()
	o.redeliver(t.Context(), t, r)
	o.all.Wait()
	time.Sleep(2 * time.Second) // the backend's own end
	idle(t, r)

	if left := h.keys(OutboxPrefix); len(left) != 0 {
		t.Errorf("in the outbox there still is %v", left)
	}
	for id, verdicts := range o.byID {
		ends := slices.DeleteFunc(verdicts, func(v protocol.Verdict) bool { return v == protocol.Kept })
		letter, _ := r.DeadLetter(t.Context(), id)
		client := strings.Split(id, "_")[1]
		if len(ends) != 1 || ends[0] == protocol.Aborted && !leaving[client] || (ends[0] == protocol.Dead) != (letter != nil) ||
			ends[0] == protocol.Delivered && !m.done[id] {
			t.Errorf("%s ended %v, letter %v, taken %v", id, ends, letter != nil, m.done[id])
		}
	}
	if len(o.byID) != rounds*12*4 {
		t.Errorf("%d events", len(o.byID))
	}
	for _, fault := range m.faults {
		t.Error(fault)
	}
}

// idle fails the test if anything waits for a slot of the rig, or holds one.
func idle(t *testing.T, r *rig) {
	t.Helper()
	tn := r.endpoints[0].turns
	tn.mu.Lock()
	defer tn.mu.Unlock()
	s := tn.slots
	if s.held != 0 || s.waiting != 0 || s.repeats != [classes]int{} || s.crowd.leaders != 0 || s.running.length != 0 ||
		s.slow != 0 || s.doubted != 0 || s.suspects != 0 || s.again != 0 || tn.breaker.probes != 0 {
		t.Errorf("slots are not given back: %+v, %d probes", s, tn.breaker.probes)
	}
	for c, q := range s.queue {
		if q.held != 0 || len(q.sources) != 0 || len(q.users) != 0 || len(q.parking) != 0 {
			t.Errorf("class %d keeps %d slots, %d addresses", c, q.held, len(q.sources))
		}
	}
	if n := r.endpoints[0].waitingRoom.load(); n != 0 {
		t.Errorf("%d in the waiting room", n)
	}
}
