package test

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"

	"gatepost/test/harness"
	"gatepost/test/wait"
)

// answerBatches answers each event of a batch by answer, and single events too.
func answerBatches(answer func(ev *harness.Event, inBatch bool) map[string]any) func(*harness.Delivery) harness.Answer {
	return func(d *harness.Delivery) harness.Answer {
		if d.Event.Type != "batch" {
			return harness.JSON(answer(&d.Event, false))
		}
		replies := map[string]any{}
		for i := range d.Event.Data.Events {
			replies[d.Event.Data.Events[i].ID] = answer(&d.Event.Data.Events[i], true)
		}
		return harness.JSON(map[string]any{"replies": replies})
	}
}

// With batches a backend gets what waits in one POST, never two events of one
// client in it and never a connect; each reply reaches its own client, and an event
// that it asks for again comes again.
func TestBatches(t *testing.T) {
	t.Parallel()
	const clients, messages = 60, 10
	var (
		mu    sync.Mutex
		tries = map[string]int{} // guarded by mu; by event id
	)
	backend := harness.NewBackend(t, answerBatches(func(ev *harness.Event, inBatch bool) map[string]any {
		if ev.Type != "message" {
			return map[string]any{}
		}
		mu.Lock()
		defer mu.Unlock()
		if tries[ev.ID]++; inBatch && tries[ev.ID] == 1 && ev.Text() == "3" {
			return map[string]any{"retry": true, "reply": "not yet"}
		}
		return map[string]any{"reply": ev.Text()}
	}))
	node := harness.Start(t, backend.Env(harness.Env{"GATEPOST_WEBHOOK_BATCH": "50", "GATEPOST_WEBHOOK_CONCURRENCY": "2"}))
	all := make([]*harness.Client, clients)
	for i := range all {
		all[i] = node.Connect(t, harness.Dial{})
	}
	var talking sync.WaitGroup
	for _, c := range all {
		talking.Go(func() {
			for m := range messages {
				if err := c.TrySend(strconv.Itoa(m)); err != nil {
					t.Error(err)
				}
			}
			for m := range messages {
				if got, err := c.TryText(wait.Patience); err != nil || got != strconv.Itoa(m) {
					t.Errorf("client %s: reply %d is %q, %v", c.ID, m, got, err)
					return
				}
			}
		})
	}
	talking.Wait()
	for _, c := range all {
		c.Leave(t, 1000, "")
	}
	stop(t, node)

	largest, seqs := 0, map[string][]string{}
	for _, d := range backend.Received(func(*harness.Delivery) bool { return true }) {
		events := []harness.Event{d.Event}
		if d.Event.Type == "batch" {
			events = d.Event.Data.Events
			largest = max(largest, len(events))
			if len(events) < 2 || len(d.Body) > 512<<10 {
				t.Errorf("a batch has %d events in %d bytes", len(events), len(d.Body))
			}
		}
		inBatch := map[string]bool{}
		for _, ev := range events {
			id := ev.Data.ClientID
			if inBatch[id] || d.Event.Type == "batch" && ev.Type == "connect" {
				t.Errorf("a batch has two events of %s, or its connect", id)
			}
			inBatch[id] = true
			if seq := strconv.Itoa(ev.Data.Seq); len(seqs[id]) == 0 || seqs[id][len(seqs[id])-1] != seq {
				seqs[id] = append(seqs[id], seq)
			}
		}
	}
	t.Logf("the largest batch has %d events", largest)
	if largest < 2 || largest > 50 {
		t.Errorf("the largest batch has %d events", largest)
	}
	for id, got := range seqs {
		if want := "0 1 2 3 4 5 6 7 8 9 10 11"; strings.Join(got, " ") != want {
			t.Errorf("client %s: seq %v, want %s", id, got, want)
		}
	}
}

// A batch that fails is sent again event by event, each judged by its own answer.
func TestBatchThatFails(t *testing.T) {
	t.Parallel()
	held := make(chan struct{})
	var once sync.Once
	answer := answerBatches(func(ev *harness.Event, _ bool) map[string]any { return map[string]any{"reply": ev.Text()} })
	backend := harness.NewBackend(t, func(d *harness.Delivery) harness.Answer {
		switch {
		case d.Event.Type == "batch":
			return harness.Status(500)
		case d.Event.Text() == "hold":
			<-held
		case d.Event.Text() == "poison":
			return harness.Status(422)
		}
		return answer(d)
	})
	defer once.Do(func() { close(held) })
	node := harness.Start(t, backend.Env(harness.Env{"GATEPOST_WEBHOOK_BATCH": "50", "GATEPOST_WEBHOOK_CONCURRENCY": "1"}))
	holder := node.Connect(t, harness.Dial{})
	var clients []*harness.Client
	for range 10 {
		clients = append(clients, node.Connect(t, harness.Dial{}))
	}
	holder.Send(t, "hold") // the only slot is taken, so that the rest gathers
	backend.Await(t, 1, func(d *harness.Delivery) bool { return d.Event.Text() == "hold" })
	for i, c := range clients {
		text := fmt.Sprint("message ", i)
		if i == 4 {
			text = "poison"
		}
		c.Send(t, text)
	}
	wait.For(t, "the messages wait", func() bool { return node.Metric(t, "gatepost_frames_total", `direction="in"`) >= 11 })
	once.Do(func() { close(held) })
	for i, c := range clients {
		if i != 4 {
			c.WantText(t, fmt.Sprint("message ", i))
		}
	}
	if batches := backend.Received(func(d *harness.Delivery) bool { return d.Event.Type == "batch" }); len(batches) == 0 {
		t.Error("nothing was gathered")
	}
	wait.For(t, "the poison is a dead letter", func() bool {
		return strings.Count(string(node.API(t, "admin").Do("GET", "/events/dead", "").Body), `"died_at"`) == 1
	})
}
