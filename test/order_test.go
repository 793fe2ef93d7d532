package test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"

	"gatepost/test/harness"
)

// 200 clients send 200 messages each to a backend that takes its time, answers in
// random order and fails a tenth of all attempts: every client's events come
// complete and in order, one at a time, and each reply reaches its own client.
func TestOrderWithABackendThatFailsAtRandom(t *testing.T) {
	clients, messages := 200, 200
	switch {
	case testing.Short():
		clients, messages = 20, 50
	case harness.Race:
		messages = 50 // everything takes several times as long
	}
	ledger := &ledger{delivered: map[string][]int{}}
	backend := harness.NewBackend(t, func(d *harness.Delivery) harness.Answer {
		time.Sleep(rand.N(10 * time.Millisecond)) // how long a backend's work takes
		if d.Event.Type == "message" && rand.N(10) == 0 && d.Attempt < 5 {
			return harness.Status(503)
		}
		ledger.note(&d.Event)
		return echo(d)
	})
	node := harness.Start(t, backend.Env(harness.Env{"GATEPOST_CLIENT_RATE": "0", "GATEPOST_TRUSTED_PROXIES": "127.0.0.1"}))

	all := make([]*harness.Client, clients)
	for i := range all { // an address each: one address alone has but a share of the slots
		all[i] = node.Connect(t, harness.Dial{Header: http.Header{"X-Forwarded-For": {fmt.Sprintf("203.0.113.%d", i+1)}}})
	}
	begun := time.Now()
	var talking sync.WaitGroup
	for i, c := range all {
		talking.Go(func() { converse(t, c, i, messages) })
	}
	talking.Wait()
	took := time.Since(begun)
	t.Logf("%d messages in %s: %.0f/s", clients*messages, took.Round(time.Millisecond), float64(clients*messages)/took.Seconds())
	for _, c := range all {
		c.Leave(t, 1000, "")
	}
	stop(t, node)

	want := make([]int, messages+2) // connect, messages, close
	for i := range want {
		want[i] = i
	}
	for _, c := range all {
		if got := ledger.of(c.ID); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("client %s: its events' seq are %v, want 0 to %d", c.ID, got, messages+1)
		}
	}
}

// converse sends a client's messages and waits for the reply to each; it may not
// end the test, as it has a goroutine of its own.
func converse(t *testing.T, c *harness.Client, number, messages int) {
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		for m := range messages {
			if err := c.TrySend(strconv.Itoa(number) + " " + strconv.Itoa(m)); err != nil {
				t.Errorf("client %d: message %d: %v", number, m, err)
				return
			}
		}
	}()
	defer func() { <-sent }()
	for m := range messages {
		want := strconv.Itoa(number) + " " + strconv.Itoa(m)
		switch got, err := c.TryText(2 * time.Minute); {
		case err != nil:
			t.Errorf("client %d: waiting for the reply to %d: %v", number, m, err)
			return
		case got != want:
			t.Errorf("client %d got the reply %q, want %q", number, got, want)
			return
		}
	}
}

// ledger is what a backend has accepted, by client.
type ledger struct {
	mu        sync.Mutex
	delivered map[string][]int // guarded by mu; seq, in order, repeats left out
	seen      map[string]bool  // guarded by mu; by event id
}

func (l *ledger) note(ev *harness.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.seen == nil {
		l.seen = map[string]bool{}
	}
	if l.seen[ev.ID] {
		return
	}
	l.seen[ev.ID] = true
	id := ev.Data.ClientID
	l.delivered[id] = append(l.delivered[id], ev.Data.Seq)
}

func (l *ledger) of(id string) []int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.delivered[id]
}
