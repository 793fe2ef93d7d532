package test

import (
	"fmt"
	"testing"
	"time"

	"gatepost/test/harness"
	"gatepost/test/wait"
)

// everything matches every delivery.
func everything(*harness.Delivery) bool { return true }

// history is what a backend was told, client by client, repeats left out.
type history map[string][]*harness.Event

// historyOf reads the backend's deliveries and checks what holds through every
// fault: of each client every event has an id of its own, and comes first in the
// order of its number, the close last; a repeat has the same id.
func historyOf(t *testing.T, backend *harness.Backend) history {
	t.Helper()
	told := history{}
	seen := map[string]bool{}  // ids
	named := map[string]bool{} // client, number and type
	for _, d := range backend.Received(everything) {
		ev := &d.Event
		if seen[ev.ID] {
			continue
		}
		seen[ev.ID] = true
		id := ev.Data.ClientID
		name := fmt.Sprint(id, " ", ev.Data.Seq)
		if ev.Type == "close" {
			name = id + " close"
		}
		if named[name] {
			t.Errorf("the %s of %s has two ids, the second %s", ev.Type, name, ev.ID)
		}
		named[name] = true
		if before := told[id]; len(before) > 0 {
			last := before[len(before)-1]
			if last.Type == "close" {
				t.Errorf("%s: a %s with seq %d comes after the close", id, ev.Type, ev.Data.Seq)
			}
			if ev.Data.Seq <= last.Data.Seq || ev.Type == "connect" {
				t.Errorf("%s: a %s with seq %d comes after a %s with seq %d", id, ev.Type, ev.Data.Seq, last.Type, last.Data.Seq)
			}
		}
		told[id] = append(told[id], ev)
	}
	return told
}

// closed is the client's close, nil if there is none.
func (l history) closed(id string) *harness.Event {
	events := l[id]
	if n := len(events); n > 0 && events[n-1].Type == "close" {
		return events[n-1]
	}
	return nil
}

// texts are the client's messages, in the order in which they first came.
func (l history) texts(id string) []string {
	var texts []string
	for _, ev := range l[id] {
		if ev.Type == "message" {
			texts = append(texts, ev.Text())
		}
	}
	return texts
}

// awaitCloses waits until so many different close events have come.
func awaitCloses(t *testing.T, backend *harness.Backend, n int) {
	t.Helper()
	closes := 0
	deadline := time.Now().Add(2 * wait.Patience) // there may be thousands
	for closes < n {
		if time.Now().After(deadline) {
			t.Fatalf("%d of %d closes have come", closes, n)
		}
		time.Sleep(20 * time.Millisecond)
		closes = len(distinct(backend.Received(harness.Of("close", ""))))
	}
}

// outboxEmpty waits until the node has nothing more to deliver.
func outboxEmpty(t *testing.T, node *harness.Node) {
	t.Helper()
	wait.For(t, "the outbox is empty", func() bool { return node.Metric(t, "gatepost_outbox_events") == 0 })
}

// journalWritten returns when what was asked of the journal before is written: a
// client whose connect is under way is, and what comes first is written first.
func journalWritten(t *testing.T, node *harness.Node) *harness.Client {
	t.Helper()
	return node.Connect(t, harness.Dial{Path: "/ws?barrier=1"})
}
