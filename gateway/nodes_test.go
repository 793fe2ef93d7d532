package gateway

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"gatepost/cluster"
	"gatepost/hub"
	"gatepost/protocol"
	"gatepost/store"
	"gatepost/webhooks"
)

// application is a backend over HTTP that several nodes tell their events.
type application struct {
	*httptest.Server
	mu     sync.Mutex
	events []protocol.Event          // guarded by mu
	answer func(*protocol.Event) int // guarded by mu; the status, 0 hangs until the request ends
}

func newApplication(t *testing.T) *application {
	a := &application{}
	a.Server = httptest.NewServer(http.HandlerFunc(a.serve))
	t.Cleanup(a.Close)
	return a
}

func (a *application) serve(w http.ResponseWriter, r *http.Request) {
	var ev protocol.Event
	body, _ := io.ReadAll(r.Body)
	if err := json.Unmarshal(body, &ev); err != nil {
		w.WriteHeader(400)
		return
	}
	a.mu.Lock()
	a.events = append(a.events, ev)
	answer := a.answer
	a.mu.Unlock()
	if answer == nil {
		return
	}
	if status := answer(&ev); status != 0 {
		w.WriteHeader(status)
		return
	}
	<-r.Context().Done()
}

func (a *application) answers(answer func(*protocol.Event) int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.answer = answer
}

// of gives what came of one client, repeats left out.
func (a *application) of(id string) (events []protocol.Event) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, ev := range a.events {
		if ev.Data.ClientID == id && !slices.ContainsFunc(events, func(e protocol.Event) bool { return e.ID == ev.ID }) {
			events = append(events, ev)
		}
	}
	return events
}

func (a *application) count() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.events)
}

// hedge is a Fence that the test opens and shuts.
type hedge struct {
	mu   sync.Mutex
	open chan struct{} // guarded by mu; closed while it is valid
	lost chan struct{} // guarded by mu; closed while it isn't
}

func newHedge() *hedge {
	h := &hedge{open: make(chan struct{}), lost: make(chan struct{})}
	close(h.open)
	return h
}

func (h *hedge) Valid() bool {
	select {
	case <-h.Lost():
		return false
	default:
		return true
	}
}

func (h *hedge) Wait(ctx context.Context) error {
	h.mu.Lock()
	open := h.open
	h.mu.Unlock()
	select {
	case <-open:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (h *hedge) Lost() <-chan struct{} {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.lost
}

func (h *hedge) set(open bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if open {
		close(h.open)
		h.lost = make(chan struct{})
	} else {
		h.open = make(chan struct{})
		close(h.lost)
	}
}

// member is a node as it is in a cluster: its own webhooks, its own store.
type member struct {
	*Gateway
	t     *testing.T
	name  string
	fence *hedge
	store *store.Memory
	hub   *hub.Hub
	sent  *webhooks.Dispatcher
	begin func() // goes on with what was on record
}

type plain struct{}

func (plain) Sign(string, time.Time, []byte) string { return "v1,x" }

// newMember starts a node with what is in the store, nil: nothing.
func newMember(t *testing.T, name string, to *application, kept *store.Memory) *member {
	t.Helper()
	m := readMember(t, name, to, kept)
	m.begin()
	return m
}

// readMember starts a node that has not yet gone on with what is on record.
func readMember(t *testing.T, name string, to *application, kept *store.Memory) *member {
	t.Helper()
	if kept == nil {
		kept = store.NewMemory()
	}
	m := &member{t: t, name: name, fence: newHedge(), store: kept}
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	reg := prometheus.NewRegistry()
	var err error
	m.sent, err = webhooks.New(webhooks.Config{
		Endpoints: []webhooks.Endpoint{{Name: "main", URL: to.URL, Signer: plain{}, Timeout: 5 * time.Second}},
		Keeper:    kept, Fence: m.fence,
	}, log, reg)
	if err != nil {
		t.Fatal(err)
	}
	m.hub = hub.New(hub.Options{PingInterval: time.Hour, PongTimeout: time.Hour, CloseTimeout: time.Second, Logger: log,
		Changed: func(c *hub.Client) { m.Changed(c) }})
	m.Gateway = New(Config{Node: name, MaxPush: 1 << 10, Journal: kept, Fence: m.fence, Outbox: m.sent}, m.hub, m.sent, log, reg)
	t.Cleanup(m.end)
	keptEvents, err := m.sent.KeptEvents()
	if err != nil {
		t.Fatal(err)
	}
	if m.begin, err = m.Recover(keptEvents); err != nil {
		t.Fatal(err)
	}
	return m
}

// end stops the node without a word; what it has on record stays.
func (m *member) end() {
	m.Stop()
	m.sent.Abort()
	m.sent.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	m.Flush(ctx)
	m.hub.Close()
}

func (m *member) node() cluster.Node {
	return cluster.Node{Name: m.name, Tag: protocol.NodeTag(m.name)}
}

// connect gives an open client of this uid, and what is written to its socket.
func (m *member) connect(uid string) (*hub.Client, *socket) {
	m.t.Helper()
	a, err := m.Connect(m.t.Context(), &protocol.Handshake{UID: uid, Session: []byte(`{"n":1}`), Groups: []string{"g"}})
	if err != nil {
		m.t.Fatal(err)
	}
	f := &fixture{Gateway: m.Gateway, t: m.t}
	return a.Client, f.open(a.Client)
}

// copies are the clients' records, as other nodes have them.
func (m *member) copies() (all []cluster.Copy) {
	_ = m.store.Scan(clientPrefix, func(key string, value []byte) error {
		all = append(all, cluster.Copy{ClientID: key[len(clientPrefix):], Record: value})
		return nil
	})
	return all
}

func (m *member) records() int {
	keys, _ := m.store.Size(clientPrefix)
	messages, _ := m.store.Size(messagePrefix)
	events, _ := m.store.Size(webhooks.OutboxPrefix)
	return keys + messages + events
}
