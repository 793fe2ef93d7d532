package web

import (
	"context"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"gatepost/auth"
	"gatepost/gateway"
	"gatepost/hub"
	"gatepost/protocol"
	"gatepost/test/logs"
	"gatepost/web/api"
	"gatepost/webhooks"
)

const secret = "a secret of 32 bytes or more, for tests"

// rig is a server that runs.
type rig struct {
	*Server
	t      *testing.T
	tokens *auth.Tokens
	log    *logs.Log
	served chan error
	stop   context.CancelFunc
}

type noEvents struct{}

func (noEvents) Wants(protocol.EventType, string) bool      { return false }
func (noEvents) Endpoint(protocol.EventType, string) string { return "" }

func (noEvents) Redeliver(context.Context, *webhooks.KeptEvent) protocol.Outcome {
	return protocol.Outcome{Verdict: protocol.Delivered, Reply: &protocol.Reply{}}
}

func (noEvents) Deliver(context.Context, string, string, *protocol.Event) protocol.Outcome {
	return protocol.Outcome{}
}

// run starts a server; cfg and deps are completed where they are empty.
func run(t *testing.T, cfg Config, deps Deps) *rig {
	t.Helper()
	r := &rig{t: t, log: &logs.Log{}, served: make(chan error, 1)}
	log := r.log.DebugLogger()
	var err error
	if r.tokens, err = auth.NewTokens(t.Context(), auth.Config{Secrets: []string{secret}}, log); err != nil {
		t.Fatal(err)
	}
	h := hub.New(hub.Options{})
	t.Cleanup(h.Close)
	registry := prometheus.NewRegistry()
	cfg.Addr, cfg.MaxPush = "127.0.0.1:0", 1024
	deps.API = api.Deps{Gateway: gateway.New(gateway.Config{Node: "n", MaxPush: 1024}, h, noEvents{}, log, registry), Tokens: r.tokens}
	deps.Log, deps.Registerer, deps.Gatherer = log, registry, registry
	if r.Server, err = New(cfg, deps); err != nil {
		t.Fatal(err)
	}
	if err := r.Listen(); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	r.stop = stop
	go func() { r.served <- r.Serve(ctx) }()
	t.Cleanup(stop)
	return r
}

func (r *rig) url(path string) string { return "http://" + r.Addr().String() + path }

// get answers status, header and body of a GET, with a token of this scope
// unless it is empty.
func (r *rig) get(url, scope string) (int, http.Header, string) {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), http.MethodGet, url, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	if scope != "" {
		req.Header.Set("Authorization", "Bearer "+r.token(scope))
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, string(body)
}

// token is an API token of this scope.
func (r *rig) token(scope string) string {
	r.t.Helper()
	token, err := r.tokens.SignAPI(scope, time.Minute, auth.CallBinding{})
	if err != nil {
		r.t.Fatal(err)
	}
	return token
}

// within bounds every wait of the tests for something that is to happen.
const within = 10 * time.Second

// soon is the next value that comes.
func soon(t *testing.T, values <-chan error) error {
	t.Helper()
	select {
	case err := <-values:
		return err
	case <-time.After(within):
		t.Fatalf("not within %v", within)
		return nil
	}
}

// dial connects to the public listener; reading and writing have to be over within so
// long too.
func (r *rig) dial() net.Conn {
	r.t.Helper()
	conn, err := net.Dial("tcp", r.Addr().String())
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(within)); err != nil {
		r.t.Fatal(err)
	}
	return conn
}
