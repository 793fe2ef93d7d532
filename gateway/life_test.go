package gateway

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"gatepost/hub"
	"gatepost/protocol"
	"gatepost/test/wait"
	"gatepost/webhooks"
)

// unsigned is a signer whose signatures nobody checks.
type unsigned struct{}

func (unsigned) Sign(string, time.Time, []byte) string { return "v1,x" }

// moody is a backend that accepts, refuses, fails, hangs and hangs up at random,
// and keeps what it was sent.
type moody struct {
	mu     sync.Mutex
	first  map[string][]uint64 // by client: the numbers of its events, in the order of their first delivery
	seen   map[string]bool     // event ids
	closes map[string]int      // by client: how many there were, repeats left out
	maybe  map[string]bool     // clients that may have been accepted
	fault  string
}

// sent is an event, or a batch of them.
type sent struct {
	Type string
	ID   string
	Data struct {
		ClientID string `json:"client_id"`
		Seq      uint64
		Events   []sent
	}
}

func (m *moody) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	var s sent
	if err := json.Unmarshal(body, &s); err != nil {
		panic(err)
	}
	events := []sent{s}
	if s.Type == "batch" {
		events = s.Data.Events
	}
	mood := rand.IntN(100)
	m.mu.Lock()
	for _, e := range events {
		m.take(e, mood)
	}
	m.mu.Unlock()
	time.Sleep(time.Duration(rand.IntN(3)) * time.Millisecond)
	switch {
	case mood < 70:
		replies := map[string]any{}
		for _, e := range events {
			if rand.IntN(10) == 0 {
				replies[e.ID] = map[string]any{"retry": true}
			}
		}
		if s.Type == "batch" {
			_ = json.NewEncoder(w).Encode(map[string]any{"replies": replies})
		}
	case mood < 78:
		w.WriteHeader(403)
	case mood < 86:
		w.WriteHeader(503)
	case mood < 90:
		w.Header().Set("Retry-After", "0")
		w.WriteHeader(429)
	case mood < 94:
		_, _ = io.WriteString(w, "<br />Fatal")
	case mood < 97:
		time.Sleep(600 * time.Millisecond)
	default:
		panic(http.ErrAbortHandler)
	}
}

// take notes an event; the mood says how it is going to be answered.
func (m *moody) take(e sent, mood int) {
	c := e.Data.ClientID
	if e.Type == "connect" && !(mood >= 70 && mood < 78 || mood >= 86 && mood < 90) {
		m.maybe[c] = true
	}
	if m.seen[e.ID] {
		return
	}
	m.seen[e.ID] = true
	if n := len(m.first[c]); n > 0 && m.first[c][n-1] >= e.Data.Seq {
		m.fault = fmt.Sprintf("client %s: event %d after %v", c, e.Data.Seq, m.first[c])
	}
	m.first[c] = append(m.first[c], e.Data.Seq)
	if e.Type == "close" {
		m.closes[c]++
	}
}

// Whatever a backend does, and whenever the node begins to drain: each client's
// events come first in order, and each connect that may have been accepted is
// followed by exactly one close.
func TestLifeAgainstAMoodyBackend(t *testing.T) {
	t.Parallel()
	m := &moody{first: map[string][]uint64{}, seen: map[string]bool{}, closes: map[string]int{}, maybe: map[string]bool{}}
	srv := httptest.NewUnstartedServer(m)
	srv.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
	srv.Start()
	defer srv.Close()
	log := slog.New(slog.DiscardHandler)
	d, err := webhooks.New(webhooks.Config{Endpoints: []webhooks.Endpoint{{Name: "m", URL: srv.URL, Signer: unsigned{},
		Timeout: 500 * time.Millisecond, Batch: 4, Concurrency: 16}}}, log, nil)
	if err != nil {
		t.Fatal(err)
	}
	h := hub.New(hub.Options{})
	defer h.Close()
	g := New(Config{Node: "n", LaneMessages: 8}, h, d, log, prometheus.NewRegistry())
	var all sync.WaitGroup
	for range 150 {
		all.Go(func() {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if rand.IntN(4) == 0 {
				time.AfterFunc(time.Duration(rand.IntN(40))*time.Millisecond, cancel)
			}
			time.Sleep(time.Duration(rand.IntN(500)) * time.Millisecond)
			a, err := g.Connect(ctx, &protocol.Handshake{RemoteAddr: fmt.Sprint("10.0.0.", rand.IntN(20)), UID: fmt.Sprint("u", rand.IntN(50))})
			if err != nil {
				return
			}
			if rand.IntN(5) > 0 {
				ours, theirs := net.Pipe()
				go func() { _, _ = io.Copy(io.Discard, theirs) }()
				defer theirs.Close()
				g.Open(a.Client, ours, nil, "")
				for range rand.IntN(20) {
					g.Message(a.Client, text("x"))
				}
			}
			g.Closed(a.Client, gone)
			g.Closed(a.Client, gone)
		})
	}
	// Some are connected then, some aren't yet, and some are on their way.
	wait.For(t, "some clients have come", func() bool {
		m.mu.Lock()
		defer m.mu.Unlock()
		return len(m.first) >= 50
	})
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	if err := g.Drain(ctx, 300*time.Millisecond); err != nil {
		t.Error(err)
	}
	all.Wait()
	g.Stop()
	d.Close()
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fault != "" {
		t.Error(m.fault)
	}
	for c, numbers := range m.first {
		if m.maybe[c] && m.closes[c] != 1 || m.closes[c] > 1 {
			t.Errorf("client %s: %d closes; its events were %v", c, m.closes[c], numbers)
		}
	}
	if n := len(g.connected()); n > 0 {
		t.Errorf("%d left", n)
	}
}
