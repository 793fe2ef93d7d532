package harness

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"gatepost/test/tcp"
	"gatepost/test/wait"
)

// WebhookSecret is the secret of every backend.
const WebhookSecret = "whsec_ZW5kLXRvLWVuZC10ZXN0LXdlYmhvb2stc2VjcmV0ISE="

// Delivery is one attempt to deliver an event, or a batch, as it came in.
type Delivery struct {
	Event   Event
	Attempt int
	Header  http.Header
	Path    string
	Body    []byte
	At      time.Time
	From    string          // the address of the node that sent it
	Gone    <-chan struct{} // closed when the gateway has given the attempt up
}

// Answer is what a backend answers; the zero value is an empty 200.
type Answer struct {
	Status int
	Header map[string]string
	Body   string
	// Write, if set, writes the whole response instead.
	Write func(http.ResponseWriter)
}

// Status is an answer without a body.
func Status(code int) Answer { return Answer{Status: code} }

// JSON is a 200 with this value as its body.
func JSON(v any) Answer {
	body, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return Answer{Header: map[string]string{"content-type": "application/json"}, Body: string(body)}
}

// Backend is an HTTP server that receives webhooks, checks that each is signed
// as Standard Webhooks says, keeps it and answers as the test wants.
type Backend struct {
	URL string

	verifier *standardwebhooks.Webhook
	addr     string           // host:port, the same all the time
	server   *httptest.Server // nil while it is down; the test's goroutine's own
	mu       sync.Mutex
	changed  chan struct{}          // guarded by mu; closed and replaced at each delivery
	received []*Delivery            // guarded by mu
	answer   func(*Delivery) Answer // guarded by mu
	faults   []error                // guarded by mu; requests that no gateway may send
}

// NewBackend starts a backend that answers with answer, or an empty 200 where
// that is nil. It runs until the test's end, and fails the test for each webhook
// that isn't rightly signed.
func NewBackend(t testing.TB, answer func(*Delivery) Answer) *Backend {
	t.Helper()
	return NewBackendOn(t, "127.0.0.1", answer)
}

// NewBackendOn is NewBackend on this host.
func NewBackendOn(t testing.TB, host string, answer func(*Delivery) Answer) *Backend {
	t.Helper()
	verifier, err := standardwebhooks.NewWebhook(WebhookSecret)
	if err != nil {
		t.Fatal(err)
	}
	b := &Backend{verifier: verifier, changed: make(chan struct{}), answer: answer}
	socket := tcp.Listen(t, host)
	b.addr = socket.Addr().String()
	b.URL = "http://" + b.addr + "/hook"
	b.serve(socket)
	t.Cleanup(func() {
		b.Down()
		b.mu.Lock()
		defer b.mu.Unlock()
		for _, fault := range b.faults {
			t.Error(fault)
		}
	})
	return b
}

// Down takes the backend from the network: its connections break, new ones are
// refused.
func (b *Backend) Down() {
	if b.server == nil {
		return
	}
	b.server.CloseClientConnections()
	b.server.Close()
	b.server = nil
}

// Up brings the backend back, where it was.
func (b *Backend) Up(t testing.TB) {
	t.Helper()
	// A process that is just being started holds what this one had open, for a moment.
	var socket net.Listener
	wait.For(t, "the backend's port is free", func() (free bool) {
		var err error
		socket, err = net.Listen("tcp", b.addr)
		return err == nil
	})
	b.serve(socket)
}

func (b *Backend) serve(socket net.Listener) {
	b.server = &httptest.Server{Listener: socket, Config: &http.Server{Handler: b, ReadHeaderTimeout: wait.Patience}}
	b.server.Start()
}

// Env is what makes a node send its events here.
func (b *Backend) Env(more Env) Env {
	env := Env{"GATEPOST_WEBHOOK_URL": b.URL, "GATEPOST_WEBHOOK_SECRET": WebhookSecret}
	for name, value := range more {
		env[name] = value
	}
	return env
}

// Script changes how the backend answers from now on.
func (b *Backend) Script(answer func(*Delivery) Answer) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.answer = answer
}

// ServeHTTP implements http.Handler.
func (b *Backend) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d, err := b.receive(r)
	if err != nil {
		b.mu.Lock()
		b.faults = append(b.faults, err)
		b.mu.Unlock()
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	b.mu.Lock()
	b.received = append(b.received, d)
	close(b.changed)
	b.changed = make(chan struct{})
	answer := b.answer
	b.mu.Unlock()

	a := Answer{}
	if answer != nil {
		a = answer(d)
	}
	if a.Write != nil {
		a.Write(w)
		return
	}
	for name, value := range a.Header {
		w.Header().Set(name, value)
	}
	if a.Status != 0 {
		w.WriteHeader(a.Status)
	}
	_, _ = io.WriteString(w, a.Body)
}

func (b *Backend) receive(r *http.Request) (*Delivery, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 16<<20))
	if err != nil {
		return nil, fmt.Errorf("reading a webhook: %w", err)
	}
	if r.Method != http.MethodPost || r.Header.Get("content-type") != "application/json" {
		return nil, fmt.Errorf("a webhook came by %s as %q", r.Method, r.Header.Get("content-type"))
	}
	if err := b.verifier.Verify(body, r.Header); err != nil {
		return nil, fmt.Errorf("the signature of %.200s: %w", body, err)
	}
	d := &Delivery{Header: r.Header.Clone(), Path: r.URL.Path, Body: body, At: time.Now(), Gone: r.Context().Done()}
	d.From, _, _ = net.SplitHostPort(r.RemoteAddr)
	if err := json.Unmarshal(body, &d.Event); err != nil {
		return nil, fmt.Errorf("a webhook's body: %w", err)
	}
	if id := r.Header.Get("webhook-id"); id != d.Event.ID {
		return nil, fmt.Errorf("webhook-id is %q, the event's id %q", id, d.Event.ID)
	}
	if d.Attempt, err = strconv.Atoi(r.Header.Get("gatepost-attempt")); err != nil {
		return nil, fmt.Errorf("gatepost-attempt: %w", err)
	}
	return d, nil
}
