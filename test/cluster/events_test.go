package cluster

import (
	"testing"
	"time"

	"gatepost/test/harness"
	"gatepost/test/wait"
)

// What must be so of the events that a backend has got, whatever happened to the nodes.

// closes are the ids of the close events of each client, with how often they came.
func closes(b *harness.Backend) map[string]map[string]int {
	all := map[string]map[string]int{}
	for _, d := range b.Received(harness.Of("close", "")) {
		id := d.Event.Data.ClientID
		if all[id] == nil {
			all[id] = map[string]int{}
		}
		all[id][d.Event.ID]++
	}
	return all
}

// oneCloseEach fails the test for each client with closes of several ids.
func oneCloseEach(t *testing.T, b *harness.Backend) {
	t.Helper()
	for id, ids := range closes(b) {
		if len(ids) != 1 {
			t.Errorf("client %s has %d close ids", id, len(ids))
		}
	}
}

// oneCloseForAll waits until each connect that the backend has got has a close, and
// fails the test for each that has several by id.
func oneCloseForAll(t *testing.T, b *harness.Backend) {
	t.Helper()
	connects := map[string]bool{}
	for _, d := range b.Received(harness.Of("connect", "")) {
		connects[d.Event.Data.ClientID] = true
	}
	missing := map[string]bool{}
	for deadline := time.Now().Add(wait.Patience); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		all := closes(b)
		clear(missing)
		for id := range connects {
			if len(all[id]) == 0 {
				missing[id] = true
			}
		}
		if len(missing) == 0 {
			break
		}
	}
	for id := range missing {
		d := b.Received(harness.Of("connect", id))[0]
		t.Errorf("client %s of %s, whose connect came at %s, has no close", id, d.Event.Data.Node, d.At.Format(time.StampMilli))
	}
	oneCloseEach(t, b)
	for id := range closes(b) {
		// A node that dies between the record of a connect and its first byte leaves
		// one that the backend never got.
		if ev := b.AwaitOne(t, "close", id); !connects[id] && ev.Data.Close.Initiator != "node_lost" {
			t.Errorf("client %s has a close by %s and no connect", id, ev.Data.Close.Initiator)
		}
	}
}

// nothingAfterClose fails the test for each event that came for the first time after
// the close of its client.
func nothingAfterClose(t *testing.T, b *harness.Backend) {
	t.Helper()
	seen, closed := map[string]bool{}, map[string]*harness.Delivery{}
	for _, d := range b.Received(func(*harness.Delivery) bool { return true }) {
		ev := d.Event
		if end := closed[ev.Data.ClientID]; end != nil && !seen[ev.ID] {
			t.Errorf("a %s of client %s of %s came %s after its close by %s, attempt %d from %s", ev.Type, ev.Data.ClientID, ev.Data.Node,
				d.At.Sub(end.At), end.Event.Data.Close.Initiator, d.Attempt, d.From)
		}
		seen[ev.ID] = true
		if ev.Type == "close" && closed[ev.Data.ClientID] == nil {
			closed[ev.Data.ClientID] = d
		}
	}
}

// allInOrder fails the test for each client of whose events one is missing, or came for
// the first time after a later one.
func allInOrder(t *testing.T, b *harness.Backend) {
	t.Helper()
	next := map[string]int{}
	for _, d := range b.Received(func(*harness.Delivery) bool { return true }) {
		id, seq := d.Event.Data.ClientID, d.Event.Data.Seq
		if seq > next[id] {
			t.Errorf("client %s: event %d, a %s, came when %d was due", id, seq, d.Event.Type, next[id])
		}
		next[id] = max(next[id], seq+1)
	}
}
