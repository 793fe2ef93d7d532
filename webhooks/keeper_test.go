package webhooks

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"gatepost/protocol"
	"gatepost/store"
)

// shelf is a Keeper in memory, which outlives the Dispatchers that use it.
type shelf struct {
	mu      sync.Mutex
	values  map[string][]byte
	puts    int
	largest int   // 0: 1 MiB
	refuses error // what Put, Health and Get answer, nil: they work
}

var _ Keeper = (*shelf)(nil)

func newShelf() *shelf { return &shelf{values: map[string][]byte{}} }

type committed struct{ err error }

func (c committed) Wait(context.Context) error { return c.err }

func (s *shelf) Put(key string, value []byte) Commit {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.puts++
	if s.refuses != nil {
		return committed{s.refuses}
	}
	if len(value) > s.Largest() {
		return committed{errTooLargeAValue}
	}
	s.values[key] = slices.Clone(value)
	return committed{}
}

func (s *shelf) Delete(key string) Commit {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.values, key)
	return committed{}
}

var errTooLargeAValue = errors.New("too large a value")

var errNotThere = fmt.Errorf("not there: %w", store.ErrNotFound)

func (s *shelf) Get(_ context.Context, key string) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refuses != nil {
		return nil, s.refuses
	}
	value, ok := s.values[key]
	if !ok {
		return nil, errNotThere
	}
	return slices.Clone(value), nil
}

func (s *shelf) Scan(prefix string, fn func(string, []byte) error) error {
	for _, key := range s.keys(prefix) {
		value, err := s.Get(context.Background(), key)
		if err != nil {
			return err
		}
		if err := fn(key, value); err != nil {
			return err
		}
	}
	return nil
}

func (s *shelf) keys(prefix string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var keys []string
	for _, key := range slices.Sorted(maps.Keys(s.values)) {
		if strings.HasPrefix(key, prefix) {
			keys = append(keys, key)
		}
	}
	return keys
}

func (s *shelf) Size(prefix string) (keys int, bytes int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, value := range s.values {
		if strings.HasPrefix(key, prefix) {
			keys++
			bytes += int64(len(key) + len(value))
		}
	}
	return keys, bytes
}

func (s *shelf) Largest() int {
	if s.largest > 0 {
		return s.largest
	}
	return 1 << 20
}

func (s *shelf) Health() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.refuses
}

func (s *shelf) refuse(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refuses = err
}

// house is a backend and a shelf, at which one Dispatcher after the other works.
type house struct {
	*shelf
	back *backend
	open func() *rig
}

func newHouse(t *testing.T, e Endpoint, answer func(http.ResponseWriter, got), change ...func(*Config)) *house {
	t.Helper()
	p := newPipes()
	h := &house{shelf: newShelf(), back: &backend{answer: answer}}
	srv := &http.Server{Handler: h.back}
	served := make(chan struct{})
	go func() { defer close(served); _ = srv.Serve(p) }()
	t.Cleanup(func() {
		_ = srv.Close()
		<-served
	})
	if e.URL == "" {
		e.URL = "http://backend.test/hook"
	}
	h.open = func() *rig {
		r := newRig(t, e, h.back, p.dial, append(change, func(c *Config) { c.Keeper = h.shelf })...)
		t.Cleanup(r.Close)
		return r
	}
	return h
}

// outcomes delivers events in the background, one client's one after the other,
// and gives what became of them by id.
type outcomes struct {
	mu   sync.Mutex
	all  sync.WaitGroup
	byID map[string][]protocol.Verdict
}

func newOutcomes() *outcomes { return &outcomes{byID: map[string][]protocol.Verdict{}} }

func (o *outcomes) note(id string, v protocol.Verdict) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.byID[id] = append(o.byID[id], v)
}

// finish notes an outcome whose reply has been carried out.
func (o *outcomes) finish(id string, out protocol.Outcome) {
	out.Finish()
	o.note(id, out.Verdict)
}

func (o *outcomes) of(id string) []protocol.Verdict {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.byID[id])
}

func (o *outcomes) count(v protocol.Verdict) (n int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, verdicts := range o.byID {
		if verdicts[len(verdicts)-1] == v {
			n++
		}
	}
	return n
}

func (o *outcomes) deliver(ctx context.Context, r *rig, events ...*protocol.Event) {
	o.all.Go(func() {
		for _, ev := range events {
			o.finish(ev.ID, r.Deliver(ctx, "/ws", "", ev))
		}
	})
}

// redeliver takes up what an earlier rig left, as the gateway does.
func (o *outcomes) redeliver(ctx context.Context, t *testing.T, r *rig) int {
	t.Helper()
	kept, err := r.KeptEvents()
	if err != nil {
		t.Fatal(err)
	}
	byClient := map[string][]KeptEvent{}
	for _, k := range kept {
		byClient[k.Event.Data.ClientID] = append(byClient[k.Event.Data.ClientID], k)
	}
	for _, one := range byClient {
		o.all.Go(func() {
			for _, k := range one {
				o.finish(k.Event.ID, r.Redeliver(ctx, &k))
			}
		})
	}
	return len(kept)
}
