package webhooks

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"gatepost/protocol"
	"gatepost/test/counted"
)

var errDiskFull = errors.New("disk full")

func TestScheduleSurvivesARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, Endpoint{}, func(w http.ResponseWriter, g got) {
			if n, _ := strconv.Atoi(g.header.Get("gatepost-attempt")); n < 10 {
				w.WriteHeader(503)
			}
		}, longLived)
		o := newOutcomes()
		ctx, drain := context.WithCancel(t.Context())
		r := h.open()
		ev := event(protocol.Inbound, "c1", 7)
		ev.Data.Message = &protocol.Message{Binary: true, Payload: []byte(strings.Repeat("\x00\xff", 5000))}
		uid := "42"
		ev.Data.UID, ev.Data.Groups, ev.Data.Session = &uid, []string{"a", "b"}, []byte(`{"n":1.50}`)
		o.deliver(ctx, r, ev)
		time.Sleep(time.Minute) // two of the later tries are over
		drain()
		o.all.Wait()
		r.Close()
		if v := o.of(ev.ID); len(v) != 1 || v[0] != protocol.Kept {
			t.Fatalf("verdicts %v", v)
		}

		time.Sleep(30 * time.Second)
		r = h.open()
		kept, err := r.KeptEvents()
		if err != nil || len(kept) != 1 {
			t.Fatalf("%v, %v", kept, err)
		}
		k := kept[0]
		if k.Event.ID != ev.ID || k.Event.Type != protocol.Inbound || k.Event.Data.ClientID != "c1" || k.Event.Data.Seq != 7 ||
			*k.Event.Data.UID != "42" || k.Path != "/ws" || len(k.TraceID) != 32 || k.Event.Data.Message != nil {
			t.Errorf("kept %+v", k)
		}
		out := r.Redeliver(t.Context(), &k)
		if out.Verdict != protocol.Delivered || out.Reply == nil {
			t.Errorf("outcome %+v", out)
		}
		if left := h.keys(""); len(left) != 1 {
			t.Errorf("%v is left before the reply has been carried out; the event has to be", left)
		}
		out.Finish()
		if left := h.keys(""); len(left) != 0 {
			t.Errorf("%v is left", left)
		}
		requests := h.back.requests()
		want := append(slices.Clone(laterPauses[:2]), 2*time.Minute, 10*time.Minute, 30*time.Minute)
		if got := gaps(requests)[quickTries-1:]; !slices.Equal(got, want) {
			t.Errorf("waited %v, want %v", got, want)
		}
		for i, g := range requests {
			if string(g.body) != string(requests[0].body) || g.header.Get("gatepost-attempt") != strconv.Itoa(i+1) ||
				g.header.Get("traceparent")[:35] != requests[0].header.Get("traceparent")[:35] {
				t.Errorf("attempt %d differs: %v", i+1, g.header)
			}
		}
	})
}

func TestQuickTriesCountOnAfterARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, Endpoint{}, status(503))
		o := newOutcomes()
		ctx, drain := context.WithCancel(t.Context())
		r := h.open()
		o.deliver(ctx, r, event(protocol.Inbound, "c1", 1))
		time.Sleep(350 * time.Millisecond) // two tries
		drain()
		o.all.Wait()
		r.Close()
		r = h.open()
		ctx, drain = context.WithCancel(t.Context())
		if n := o.redeliver(ctx, t, r); n != 1 {
			t.Fatalf("%d kept", n)
		}
		time.Sleep(8 * time.Second)
		if n := len(h.back.requests()); n != 6 {
			t.Errorf("%d attempts, want 5 quick ones and one later", n)
		}
		drain()
		o.all.Wait()
	})
}

// A due time that passed while the process was down is now.
func TestWhatIsOverdueGoesAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mended atomic.Bool
		h := newHouse(t, Endpoint{}, func(w http.ResponseWriter, _ got) {
			if !mended.Load() {
				w.WriteHeader(503)
			}
		})
		r := h.open()
		o := newOutcomes()
		ctx, drain := context.WithCancel(t.Context())
		for i := range 50 {
			o.deliver(ctx, r, event(protocol.Inbound, fmt.Sprint("c", i), 1), event(protocol.Close, fmt.Sprint("c", i), 2))
		}
		time.Sleep(20 * time.Second)
		drain()
		o.all.Wait()
		r.Close()
		time.Sleep(40 * time.Minute)
		mended.Store(true)
		r = h.open()
		began := time.Now()
		if n := o.redeliver(t.Context(), t, r); n != 100 {
			t.Errorf("%d kept", n)
		}
		o.all.Wait()
		if took := time.Since(began); took > time.Second || o.count(protocol.Delivered) != 100 {
			t.Errorf("%d delivered in %v", o.count(protocol.Delivered), took)
		}
	})
}

func TestKeptEventsComeInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, Endpoint{}, status(503))
		r := h.open()
		ctx, drain := context.WithCancel(t.Context())
		drain()
		for _, ev := range []*protocol.Event{event(protocol.Close, "c1", 12), event(protocol.Inbound, "c1", 11), event(protocol.Inbound, "c2", 2),
			event(protocol.Inbound, "c1", 2), event(protocol.Inbound, "c10", 1)} {
			if o := r.Deliver(ctx, "/ws", "", ev); o.Verdict != protocol.Kept {
				t.Errorf("outcome %+v", o)
			}
		}
		r.Close()
		h.Put(OutboxPrefix+"evt_broken", []byte("{"))
		h.Put(OutboxPrefix+"evt_broken2", []byte("{}\n{}"))
		r = h.open()
		kept, err := r.KeptEvents()
		var ids []string
		for _, k := range kept {
			ids = append(ids, k.Event.ID)
		}
		if want := "[evt_c1_2 evt_c1_11 evt_c1_close evt_c10_1 evt_c2_2]"; fmt.Sprint(ids) != want || err != nil {
			t.Errorf("%v, %v; want %s", ids, err, want)
		}
		if n := strings.Count(r.log.String(), "can't be read"); n != 2 {
			t.Errorf("%d lines for two broken records: %s", n, r.log)
		}
		if aside := h.keys(asidePrefix); fmt.Sprint(aside) != "[x/evt_broken x/evt_broken2]" || len(h.keys(OutboxPrefix)) != 5 {
			t.Errorf("%v are set aside, %v are left", aside, h.keys(OutboxPrefix))
		}
		r.Close()
		if r = h.open(); strings.Contains(r.log.String(), "can't be read") {
			t.Error("they are told of at each start")
		}
	})
}

// Where the store has lost what is recorded of kept events, their lane goes on: a
// close is sent with what is known of it still, a message is a dead letter without
// contents, and the client's other events follow.
func TestKeptEventsWhoseRecordsAreLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, Endpoint{}, status(503))
		r := h.open()
		ctx, drain := context.WithCancel(t.Context())
		drain()
		for _, ev := range []*protocol.Event{event(protocol.Inbound, "c1", 1), event(protocol.Inbound, "c1", 2), event(protocol.Close, "c1", 3)} {
			r.Deliver(ctx, "/ws", "", ev)
		}
		r.Close()
		h.back.answer = status(200)
		r = h.open()
		o := newOutcomes()
		kept, err := r.KeptEvents()
		if len(kept) != 3 || err != nil {
			t.Fatal(len(kept), err)
		}
		h.Delete(OutboxPrefix + "evt_c1_1")
		h.Delete(OutboxPrefix + "evt_c1_close")
		before, began := len(h.back.requests()), time.Now()
		for _, k := range kept {
			o.finish(k.Event.ID, r.Redeliver(t.Context(), &k))
		}
		if took := time.Since(began); took > time.Second {
			t.Errorf("it took %v", took)
		}
		sent := h.back.requests()[before:]
		if len(sent) != 2 || sent[0].event.ID != "evt_c1_2" || sent[1].event.ID != "evt_c1_close" {
			t.Fatalf("%d were sent", len(sent))
		}
		if body := string(sent[1].body); !strings.Contains(body, `"initiator":"client"`) || !strings.Contains(body, `"groups":[]`) || !strings.Contains(body, `"session":{}`) {
			t.Errorf("the close is %s", body)
		}
		l, err := r.DeadLetter(t.Context(), "evt_c1_1")
		if err != nil || l.Reason != Lost || !l.Cut {
			t.Errorf("letter %+v, %v", l, err)
		}
		if n, err := r.Replay(t.Context(), protocol.Replay{All: true}); n != 1 || err != nil {
			t.Error(n, err)
		}
		synctest.Wait()
		if n := len(h.back.requests()); n != before+2 {
			t.Errorf("%d requests: a letter without contents was sent", n)
		}
		if left := h.keys(OutboxPrefix); len(left) != 0 {
			t.Errorf("%v left", left)
		}
	})
}

// What is on record at which moment: that is what a crash leaves.
func TestWhatIsKeptWhen(t *testing.T) {
	for _, tt := range []struct {
		typ     protocol.EventType
		durable bool
		first   bool
	}{{protocol.Close, false, true}, {protocol.Inbound, false, false}, {protocol.Inbound, true, true}, {protocol.Connect, true, false}} {
		t.Run(fmt.Sprint(tt.typ, tt.durable), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHouse(t, Endpoint{}, nil, func(c *Config) { c.DurableMessages = tt.durable })
				tries := 0
				h.back.answer = func(w http.ResponseWriter, _ got) {
					tries++
					if kept := len(h.keys(OutboxPrefix)) == 1; kept != tt.first && (tries == 1 || tt.typ == protocol.Connect) {
						t.Errorf("kept is %v at the first attempt", kept)
					}
					if kept := len(h.keys(OutboxPrefix)) == 1; tries == 6 && !kept {
						t.Error("not kept at the sixth")
					}
					if tries < 6 {
						w.WriteHeader(503)
					}
				}
				h.open().deliver(event(tt.typ, "c1", 1))
				if left := h.keys(""); len(left) != 0 {
					t.Errorf("%v left", left)
				}
			})
		})
	}
}

func TestWhatCanNotBeKeptIsTriedAllTheSame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, Endpoint{}, status(503, 503, 503, 503, 503, 503, 200), func(c *Config) { c.DurableMessages = true })
		r := h.open()
		h.refuse(errDiskFull)
		o := newOutcomes()
		o.deliver(t.Context(), r, event(protocol.Close, "c1", 1))
		time.Sleep(15 * time.Second)
		if err := r.Ready(); !errors.Is(err, errDiskFull) {
			t.Errorf("ready: %v", err)
		}
		if n := counted.Of(t, r.reg, "gatepost_outbox_unkept_total").Sum(); n != 3 || !strings.Contains(r.log.String(), "disk full") {
			t.Errorf("counted %v: %s", n, r.log)
		}
		o.all.Wait()
		if o.count(protocol.Delivered) != 1 {
			t.Errorf("%v", o.byID)
		}

		// While nothing can be kept, an event that is given up is a dead letter for as
		// long as the process lives.
		ctx, drain := context.WithCancel(t.Context())
		drain()
		if out := r.Deliver(ctx, "/ws", "", event(protocol.Inbound, "c2", 1)); out.Verdict != protocol.Aborted {
			t.Errorf("outcome %+v", out)
		}
		if l, err := r.DeadLetter(t.Context(), "evt_c2_1"); err != nil || l.Reason != Stopped {
			t.Errorf("letter %+v, %v", l, err)
		}
		h.refuse(nil)
		time.Sleep(writeAgainAfter)
		synctest.Wait()
		if keys := h.keys(""); fmt.Sprint(keys) != "[d/evt_c2_1]" {
			t.Errorf("kept %v", keys)
		}
	})
}

func TestUnreadableRecordIsLookedForAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, Endpoint{}, status(200))
		r := h.open()
		ctx, drain := context.WithCancel(t.Context())
		drain()
		r.Deliver(ctx, "/ws", "", event(protocol.Inbound, "c1", 1))
		r.Close()
		r = h.open()
		o := newOutcomes()
		kept, _ := r.KeptEvents()
		h.refuse(errDiskFull)
		o.all.Go(func() { o.finish("it", r.Redeliver(t.Context(), &kept[0])) })
		time.Sleep(12 * time.Second)
		h.refuse(nil)
		o.all.Wait()
		if v := o.of("it"); v[0] != protocol.Delivered || len(h.back.requests()) != 1 {
			t.Errorf("%v after %d requests", v, len(h.back.requests()))
		}
	})
}

func TestOutboxOverItsBound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mended atomic.Bool
		h := newHouse(t, Endpoint{}, func(w http.ResponseWriter, _ got) {
			if !mended.Load() {
				w.WriteHeader(503)
			}
		}, func(c *Config) { c.OutboxMax = 8 << 10 })
		r := h.open()
		o := newOutcomes()
		large := func(i int) *protocol.Event {
			ev := event(protocol.Inbound, fmt.Sprint("c", i), 1)
			ev.Data.Message.Payload = []byte(strings.Repeat("x", 4<<10))
			return ev
		}
		if r.Full() || r.Ready() != nil {
			t.Error("full at the beginning")
		}
		o.deliver(t.Context(), r, large(0), event(protocol.Close, "c0", 2))
		o.deliver(t.Context(), r, large(1))
		time.Sleep(10 * time.Second)
		if !r.Full() || !errors.Is(r.Ready(), errOutboxFull) || counted.Of(t, r.reg, "gatepost_outbox_full").Sum() != 1 {
			t.Error("not full")
		}
		o.deliver(t.Context(), r, large(2)) // waits in memory
		o.deliver(t.Context(), r, event(protocol.Close, "c3", 2))
		time.Sleep(10 * time.Second)
		if keys := h.keys(OutboxPrefix); fmt.Sprint(keys) != "[e/evt_c0_1 e/evt_c1_1 e/evt_c3_close]" {
			t.Errorf("kept %v", keys)
		}
		mended.Store(true)
		o.all.Wait()
		if o.count(protocol.Delivered) != 5 || r.Full() {
			t.Errorf("%v", o.byID)
		}
		if log := r.log.String(); strings.Count(log, "the outbox is full: clients") != 1 || strings.Count(log, "the outbox has room again") != 1 {
			t.Errorf("log %s", log)
		}
	})
}

// Messages can't take the room of closes: with the outbox full of them, the closes of
// all clients that are connected are on record, and no client's message is any more.
func TestClosesAreKeptInAFullOutbox(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const clients = 500
		h := newHouse(t, Endpoint{}, status(503), func(c *Config) { c.OutboxMax = 64 << 10 })
		r := h.open()
		o := newOutcomes()
		ctx, drain := context.WithCancel(t.Context())
		for i := 0; !r.Full(); i++ {
			for k := range 20 {
				ev := event(protocol.Inbound, fmt.Sprint("full", i, "-", k), 1)
				ev.Data.Message.Payload = []byte(strings.Repeat("x", 4<<10))
				o.deliver(ctx, r, ev)
			}
			time.Sleep(15 * time.Second)
		}
		full := len(h.keys(OutboxPrefix))
		for i := range clients {
			o.deliver(ctx, r, event(protocol.Close, fmt.Sprint("c", i), 2))
			o.deliver(ctx, r, event(protocol.Inbound, fmt.Sprint("more", i), 1))
		}
		time.Sleep(15 * time.Second)
		keys := h.keys(OutboxPrefix)
		closes := slices.DeleteFunc(slices.Clone(keys), func(key string) bool { return !strings.HasSuffix(key, "_close") })
		if len(closes) != clients || len(keys) != full+clients || !r.Full() {
			t.Errorf("%d events and %d closes are kept, of %d and %d; full: %v", len(keys)-len(closes), len(closes), full, clients, r.Full())
		}
		drain()
		o.all.Wait()
	})
}

// What waits in memory because the outbox is full is kept when the node drains.
func TestDrainOverTheBoundKeepsAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, Endpoint{}, status(503), func(c *Config) { c.OutboxMax = 1 })
		r := h.open()
		o := newOutcomes()
		ctx, drain := context.WithCancel(t.Context())
		for i := range 5 {
			o.deliver(ctx, r, event(protocol.Inbound, fmt.Sprint("c", i), 1))
		}
		time.Sleep(6 * time.Second)
		drain()
		o.all.Wait()
		if o.count(protocol.Kept) != 5 || len(h.keys(OutboxPrefix)) != 5 {
			t.Errorf("%v: %v", o.byID, h.keys(""))
		}
	})
}

func TestEventsOfARemovedEndpointAreDeadLetters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		name, events := "old", []protocol.EventType(nil)
		h := newHouse(t, Endpoint{}, status(503), func(c *Config) { c.Endpoints[0].Name, c.Endpoints[0].Events = name, events })
		r := h.open()
		ctx, drain := context.WithCancel(t.Context())
		drain()
		r.Deliver(ctx, "/ws", "", event(protocol.Inbound, "c1", 1))
		r.Deliver(ctx, "/ws", "", event(protocol.Close, "c1", 2))
		r.Close()
		name, events = "new", []protocol.EventType{protocol.Close}
		h.back.answer = status(200)
		r = h.open()
		o := newOutcomes()
		o.redeliver(t.Context(), t, r)
		o.all.Wait()
		l, err := r.DeadLetter(t.Context(), "evt_c1_1")
		if err != nil || l.Reason != Unwanted || l.Endpoint != "old" || fmt.Sprint(h.keys("")) != "[d/evt_c1_1]" || o.count(protocol.Delivered) != 1 {
			t.Errorf("letter %+v, %v; %v", l, err, o.byID)
		}
	})
}
