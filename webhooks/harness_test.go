package webhooks

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"gatepost/protocol"
	"gatepost/test/logs"
)

// keys signs as auth does, by the Standard Webhooks project's own library.
type keys []*standardwebhooks.Webhook

func (k keys) Sign(id string, at time.Time, body []byte) string {
	var all []byte
	for i, key := range k {
		s, err := key.Sign(id, at, body)
		if err != nil {
			panic(err)
		}
		if i > 0 {
			all = append(all, ' ')
		}
		all = append(all, s...)
	}
	return string(all)
}

func newKey(t testing.TB, seed byte) *standardwebhooks.Webhook {
	t.Helper()
	k, err := standardwebhooks.NewWebhook("whsec_" + base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{seed}, 32)))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// got is a request that the backend saw.
type got struct {
	at     time.Time
	header http.Header
	body   []byte
	event  struct {
		Type string
		ID   string
		Data struct {
			ClientID string `json:"client_id"`
			Seq      int
			Events   []struct {
				ID   string
				Data struct {
					ClientID string `json:"client_id"`
				}
			}
		}
	}
}

// backend records what it sees and answers as told.
type backend struct {
	mu     sync.Mutex
	seen   []got
	answer func(w http.ResponseWriter, g got)
}

func (b *backend) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g := got{at: time.Now(), header: r.Header.Clone()}
	g.header.Set("X-Test-Uri", r.RequestURI)
	g.body, _ = io.ReadAll(r.Body)
	_ = json.Unmarshal(g.body, &g.event)
	b.mu.Lock()
	b.seen = append(b.seen, g)
	b.mu.Unlock()
	b.answer(w, g)
}

func (b *backend) requests() []got {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]got(nil), b.seen...)
}

// status answers with these, one after the other, the last one for ever.
func status(codes ...int) func(http.ResponseWriter, got) {
	var mu sync.Mutex
	return func(w http.ResponseWriter, _ got) {
		mu.Lock()
		code := codes[0]
		if len(codes) > 1 {
			codes = codes[1:]
		}
		mu.Unlock()
		w.WriteHeader(code)
	}
}

func body(code int, text string) func(http.ResponseWriter, got) {
	return func(w http.ResponseWriter, _ got) {
		w.WriteHeader(code)
		_, _ = io.WriteString(w, text)
	}
}

// pipes is a network in memory, so that time can be a bubble's.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newPipes() *pipes { return &pipes{conns: make(chan net.Conn), closed: make(chan struct{})} }

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	here, there := net.Pipe()
	select {
	case p.conns <- there:
		return here, nil
	case <-p.closed:
		return nil, &net.OpError{Op: "dial", Net: "pipe", Err: net.ErrClosed}
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe"} }

// rig is a Dispatcher and the backend that it sends to.
type rig struct {
	*Dispatcher
	back *backend
	log  *logs.Log
	reg  *prometheus.Registry
}

// inBubble makes a rig over a network in memory; for synctest.
func inBubble(t *testing.T, e Endpoint, answer func(http.ResponseWriter, got), change ...func(*Config)) *rig {
	t.Helper()
	p := newPipes()
	back := &backend{answer: answer}
	srv := &http.Server{Handler: back}
	served := make(chan struct{})
	go func() { defer close(served); _ = srv.Serve(p) }()
	e.URL = "http://backend.test/hook"
	r := newRig(t, e, back, p.dial, change...)
	t.Cleanup(func() {
		r.Close()
		_ = srv.Close()
		<-served
	})
	return r
}

// onLoopback makes a rig over a real socket.
func onLoopback(t *testing.T, e Endpoint, answer func(http.ResponseWriter, got), change ...func(*Config)) *rig {
	t.Helper()
	back := &backend{answer: answer}
	srv := httptest.NewServer(back)
	if e.URL == "" {
		e.URL = srv.URL
	}
	r := newRig(t, e, back, nil, change...)
	t.Cleanup(func() {
		r.Close()
		srv.Close()
	})
	return r
}

func newRig(t *testing.T, e Endpoint, back *backend, dial dialFunc, change ...func(*Config)) *rig {
	t.Helper()
	if e.Name == "" {
		e.Name = "main"
	}
	if e.Signer == nil {
		e.Signer = keys{newKey(t, 1)}
	}
	cfg := Config{Endpoints: []Endpoint{e}, Version: "1.2.3"}
	for _, f := range change {
		f(&cfg)
	}
	log, reg := &logs.Log{}, prometheus.NewRegistry()
	d, err := newDispatcher(cfg, log.DebugLogger(), reg, dial)
	if err != nil {
		t.Fatal(err)
	}
	return &rig{Dispatcher: d, back: back, log: log, reg: reg}
}

func (r *rig) deliver(ev *protocol.Event) protocol.Outcome {
	out := r.Deliver(context.Background(), "/ws", "", ev)
	out.Finish()
	return out
}

// event is one of client's, made now.
func event(t protocol.EventType, client string, seq uint64) *protocol.Event {
	ev := &protocol.Event{Type: t, ID: protocol.EventID(client, seq), Timestamp: protocol.Time{Time: time.Now()}}
	ev.Data = protocol.EventData{ClientID: client, Seq: seq, Groups: []string{}, Session: protocol.EmptySession,
		RemoteAddr: "192.0.2.1", RemotePort: 1000, ConnectedAt: ev.Timestamp, Node: "n"}
	switch t {
	case protocol.Connect:
		ev.Data.Request = &protocol.Request{Path: "/ws", Cookies: map[string]string{}}
	case protocol.Inbound:
		ev.Data.Message = &protocol.Message{Payload: []byte("hello <b>")}
	case protocol.Close:
		ev.ID = protocol.CloseEventID(client)
		ev.Data.Close = &protocol.CloseInfo{Code: 1000, Initiator: protocol.ByClient}
	}
	return ev
}

// from puts an event at an address and uid.
func from(ev *protocol.Event, addr, uid string) *protocol.Event {
	ev.Data.RemoteAddr = addr
	if uid != "" {
		ev.Data.UID = &uid
	}
	return ev
}

// seeds is how many of a test at random are tried: SEEDS, or else n.
func seeds(n uint64) uint64 {
	if more, err := strconv.ParseUint(os.Getenv("SEEDS"), 10, 16); err == nil {
		return more
	}
	return n
}
