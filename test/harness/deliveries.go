package harness

import (
	"testing"
	"time"

	"gatepost/test/wait"
)

// Match says which deliveries are meant.
type Match func(*Delivery) bool

// Of matches the events of this type of this client; an empty id is any client.
func Of(eventType, clientID string) Match {
	return func(d *Delivery) bool {
		return d.Event.Type == eventType && (clientID == "" || d.Event.Data.ClientID == clientID)
	}
}

// Received is what came in so far and matches, in the order in which it came.
func (b *Backend) Received(match Match) []*Delivery {
	b.mu.Lock()
	defer b.mu.Unlock()
	var found []*Delivery
	for _, d := range b.received {
		if match(d) {
			found = append(found, d)
		}
	}
	return found
}

// Await waits for n deliveries that match and returns them.
func (b *Backend) Await(t testing.TB, n int, match Match) []*Delivery {
	t.Helper()
	patience := time.After(wait.Patience)
	for {
		b.mu.Lock()
		changed := b.changed
		b.mu.Unlock()
		found := b.Received(match)
		if len(found) >= n {
			return found
		}
		select {
		case <-changed:
		case <-patience:
			t.Fatalf("waited %s for %d deliveries, got %d", wait.Patience, n, len(found))
		}
	}
}

// AwaitOne waits for the first event of this type of this client.
func (b *Backend) AwaitOne(t testing.TB, eventType, clientID string) *Event {
	t.Helper()
	return &b.Await(t, 1, Of(eventType, clientID))[0].Event
}
