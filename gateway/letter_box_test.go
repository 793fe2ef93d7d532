package gateway

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"gatepost/protocol"
	"gatepost/webhooks"
)

// letterBox is the endpoints and dead letters of one node.
type letterBox struct {
	name    string
	mu      sync.Mutex
	letters []webhooks.DeadLetter // guarded by mu; by key
	broken  bool
}

func (b *letterBox) put(i int, clientID string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	at := time.Unix(1_800_000_000, int64(i)*1000)
	l := webhooks.DeadLetter{Key: fmt.Sprintf("%019d evt_%s_%d", at.UnixNano(), clientID, i), ID: fmt.Sprintf("evt_%s_%d", clientID, i),
		Type: protocol.Inbound, ClientID: clientID, Endpoint: "main", DiedAt: protocol.Time{Time: at}, Reason: webhooks.Exhausted,
		Attempts: []webhooks.Attempt{{At: protocol.Time{Time: at}, Status: 500, Error: "<&>"}}}
	b.letters = append(b.letters, l)
	slices.SortFunc(b.letters, func(a, b webhooks.DeadLetter) int { return strings.Compare(a.Key, b.Key) })
}

func (b *letterBox) empty() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.letters = nil
}

func (b *letterBox) Stats() []protocol.EndpointStats {
	return []protocol.EndpointStats{{Name: "main", URL: "http://b/", Concurrency: 8, Delivered: 5, Breaker: "closed"},
		{Name: "of " + b.name, Breaker: "half-open"}}
}

func (b *letterBox) Dead(_ context.Context, p protocol.Page) (page []webhooks.DeadLetter, cursor string, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.broken {
		return nil, "", &protocol.Problem{Status: 503, Code: protocol.CodeUnavailable}
	}
	for _, l := range b.letters {
		if l.Key <= p.Cursor {
			continue
		}
		if len(page) == pageLimit(p) {
			return page, page[len(page)-1].Key, nil
		}
		page = append(page, l)
	}
	return page, "", nil
}

func (b *letterBox) find(id string) int {
	return slices.IndexFunc(b.letters, func(l webhooks.DeadLetter) bool { return l.ID == id })
}

func (b *letterBox) Have(ids []string) (have []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, id := range ids {
		if b.find(id) >= 0 {
			have = append(have, id)
		}
	}
	return have
}

func (b *letterBox) DeadLetter(_ context.Context, id string) (*webhooks.DeadLetter, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	i := b.find(id)
	if i < 0 {
		return nil, webhooks.NoLetter("id", id)
	}
	l := b.letters[i]
	l.Event, l.Headers = []byte(`{"type":"message","data":{"text":"<&>"}}`), map[string]string{"webhook-id": id}
	return &l, nil
}

func (b *letterBox) Replay(_ context.Context, r protocol.Replay) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if r.All {
		return len(b.letters), nil
	}
	begun := map[string]bool{}
	for _, id := range r.IDs {
		if b.find(id) < 0 {
			return 0, webhooks.NoLetter("ids", id)
		}
		begun[id] = true
	}
	return len(begun), nil
}

func (b *letterBox) Drop(_ context.Context, id string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	i := b.find(id)
	if i < 0 {
		return webhooks.NoLetter("id", id)
	}
	b.letters = slices.Delete(b.letters, i, i+1)
	return nil
}
