package webhooks

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"gatepost/protocol"
)

// came makes an event wait since then.
func came(s *slots, c class, k kind, name string, since time.Time) *waiter {
	w := &waiter{class: c, kind: k, addr: name, since: since}
	s.add(w)
	return w
}

func TestAFurtherSlotIsForAFullBatch(t *testing.T) {
	now := time.Now()
	s := newSlots(newLimit(64, time.Second))
	s.crowd.batch = 3
	came(s, messages, firstTry, "a", now)
	first := s.grant(now)
	if first == nil {
		t.Fatal("an event that finds nothing under way waits")
	}
	s.led(first)
	came(s, messages, firstTry, "b", now)
	came(s, closes, firstTry, "c", now.Add(gatherFor/2))
	if w := s.grant(now.Add(gatherFor - 1)); w != nil {
		t.Errorf("%s took a slot for itself", w.addr)
	}
	for i, k := range []kind{firstTry, repeated, suspect} {
		w := came(s, []class{connects, messages, messages}[i], k, "d", now)
		if s.grant(now) != w {
			t.Errorf("what can't travel along waits with the crowd: class %d, kind %d", w.class, w.kind)
		}
	}
	came(s, messages, newcomer, "g", now)
	leader := s.grant(now)
	if leader == nil {
		t.Fatal("a full batch waits")
	}
	came(s, messages, firstTry, "h", now)
	if w := s.grant(now); w != nil {
		t.Errorf("%s took a slot though it will be taken along", w.addr)
	}
	s.led(leader)
	if leader = s.grant(now); leader == nil {
		t.Fatal("a full batch waits, though nobody will take it along")
	}
	s.led(leader)
	if w := s.grant(now.Add(gatherFor)); w == nil {
		t.Error("who has waited enough waits on")
	}
}

// However long all have waited, one slot takes as many along as a batch has room for.
func TestACrowdThatHasWaitedEnoughTakesOneSlotForEachBatch(t *testing.T) {
	now := time.Now()
	s := newSlots(newLimit(64, time.Second))
	s.crowd.batch = 3
	came(s, messages, firstTry, "a", now)
	s.led(s.grant(now))
	for _, name := range []string{"b", "c"} {
		came(s, messages, firstTry, name, now)
	}
	enough := now.Add(gatherFor)
	leader := s.grant(enough)
	if leader == nil {
		t.Fatal("who has waited enough waits on")
	}
	if w := s.grant(enough); w != nil {
		t.Errorf("%s took a slot though it will be taken along", w.addr)
	}
	s.led(leader)
	if s.grant(enough) == nil {
		t.Error("who has waited enough waits on, though nobody has taken it along")
	}
}

func TestACrowdGoesWhenNothingIsUnderWay(t *testing.T) {
	now := time.Now()
	s := newSlots(newLimit(64, time.Second))
	s.crowd.batch = 50
	came(s, messages, firstTry, "a", now)
	first := s.grant(now)
	came(s, messages, firstTry, "b", now)
	if s.grant(now) != nil {
		t.Fatal("it doesn't wait")
	}
	s.release(first, eased, now, now)
	if s.grant(now) == nil {
		t.Error("it waits though nothing is under way")
	}
	if s.crowd.leaders != 1 {
		t.Errorf("%d leaders, want 1", s.crowd.leaders)
	}
}

// Batches cost no event more than gatherFor, however long others are under way.
func TestBatchesHoldNobodyUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := inBubble(t, Endpoint{Batch: 50}, func(_ http.ResponseWriter, g got) { time.Sleep(time.Second) })
		began := time.Now()
		done := make(chan time.Duration, 30)
		for i := range cap(done) {
			go func() {
				from := time.Now()
				r.deliver(event(protocol.Inbound, fmt.Sprint("c", i), 1))
				done <- time.Since(from)
			}()
			time.Sleep(100 * time.Microsecond)
		}
		for range cap(done) {
			if took := <-done; took > time.Second+gatherFor {
				t.Errorf("an event took %v", took)
			}
		}
		requests := r.back.requests()
		if len(requests) == 0 || requests[0].at.Sub(began) > 0 || requests[0].header.Get("gatepost-event") != "message" {
			t.Errorf("the first event waited")
		}
		if n := len(requests); n > 3 {
			t.Errorf("%d requests in 3 ms, want 3 at most: one alone, then one every 2 ms", n)
		}
	})
}

func TestACrowdThatHasWaitedEnoughLeavesTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := inBubble(t, Endpoint{Batch: 20}, func(_ http.ResponseWriter, g got) { time.Sleep(time.Second) })
		var done sync.WaitGroup
		for i := range 31 {
			done.Go(func() { r.deliver(event(protocol.Inbound, fmt.Sprint("c", i), 1)) })
		}
		done.Wait()
		if n := len(r.back.requests()); n != 3 {
			t.Errorf("%d requests, want 3: one alone, a full batch, and the rest", n)
		}
	})
}
