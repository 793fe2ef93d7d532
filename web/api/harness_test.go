package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"gatepost/auth"
	"gatepost/gateway"
	"gatepost/hub"
	"gatepost/protocol"
	"gatepost/test/frames"
	"gatepost/test/logs"
	"gatepost/test/tcp"
	"gatepost/web"
	"gatepost/web/api"
	"gatepost/webhooks"
)

const (
	maxPush = 4096
	secret  = "a secret of 32 bytes or more, for tests"
)

// node is a whole node but for its webhooks and its upgrade: the API over real
// HTTP, real tokens, the real core.
type node struct {
	t      *testing.T
	base   string
	hub    *hub.Hub
	gw     *gateway.Gateway
	tokens *auth.Tokens
	dead   *deadLetters
	log    *logs.Log
}

// noEvents is a backend that wants none.
type noEvents struct{}

func (noEvents) Wants(protocol.EventType, string) bool      { return false }
func (noEvents) Endpoint(protocol.EventType, string) string { return "" }

func (noEvents) Redeliver(context.Context, *webhooks.KeptEvent) protocol.Outcome {
	return protocol.Outcome{Verdict: protocol.Delivered, Reply: &protocol.Reply{}}
}

func (noEvents) Deliver(context.Context, string, string, *protocol.Event) protocol.Outcome {
	panic("nothing is to be delivered")
}

func start(t *testing.T) *node { return startWith(t, nil) }

// startWith starts a node; change may replace what its API calls upon.
func startWith(t *testing.T, change func(*api.Deps)) *node {
	t.Helper()
	return startIn(t, nil, change)
}

// startIn starts a node of a cluster; nil: it is alone.
func startIn(t *testing.T, mates gateway.Cluster, change func(*api.Deps)) *node {
	t.Helper()
	n := &node{t: t, dead: &deadLetters{}, log: &logs.Log{}}
	log := n.log.DebugLogger()
	n.hub = hub.New(hub.Options{})
	t.Cleanup(n.hub.Close)
	registry := prometheus.NewRegistry()
	n.gw = gateway.New(gateway.Config{Node: "node-1", Version: "test", MaxPush: maxPush, Cluster: mates, Webhooks: n.dead}, n.hub, noEvents{}, log, registry)
	var err error
	n.tokens, err = auth.NewTokens(t.Context(), auth.Config{Secrets: []string{secret}}, log)
	if err != nil {
		t.Fatal(err)
	}
	deps := api.Deps{Gateway: n.gw, Tokens: n.tokens, DeadLetters: n.dead, Nodes: &others{}}
	if change != nil {
		change(&deps)
	}
	server, err := web.New(web.Config{Addr: "127.0.0.1:0", MaxPush: maxPush}, web.Deps{
		API: deps, Log: log, Registerer: registry, Gatherer: registry,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Listen(); err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	ctx, stop := context.WithCancel(context.Background())
	go func() { served <- server.Serve(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-served; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	n.base = "http://" + server.Addr().String()
	return n
}

// peer is the far end of an open client.
type peer struct {
	id     string
	frames chan frames.Frame // closed when the connection ends
}

// connect opens a client with this uid ("" for none) in these groups.
func (n *node) connect(uid string, groups ...string) *peer {
	n.t.Helper()
	admission, err := n.gw.Connect(n.t.Context(), &protocol.Handshake{
		UID: uid, Groups: groups, RemoteAddr: "192.0.2.7",
		Request: protocol.Request{Path: "/ws"},
	})
	if err != nil {
		n.t.Fatal(err)
	}
	c := admission.Client
	near, far := tcp.Pair(n.t)
	n.gw.Open(c, near, nil, "")
	p := &peer{id: c.ID(), frames: make(chan frames.Frame, 1000)}
	go func() {
		defer close(p.frames)
		for {
			f, err := frames.Read(far)
			if err != nil {
				return
			}
			p.frames <- f
		}
	}()
	return p
}

// next is the next message or close frame that the client gets.
func (p *peer) next(t *testing.T) frames.Frame {
	t.Helper()
	select {
	case f := <-p.frames:
		return f
	case <-time.After(5 * time.Second):
		t.Fatal("no frame came")
		return frames.Frame{}
	}
}

func (n *node) token(scope string) string {
	n.t.Helper()
	token, err := n.tokens.SignAPI(scope, time.Minute, auth.CallBinding{})
	if err != nil {
		n.t.Fatal(err)
	}
	return token
}

// answer is what a call got.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// field is a field of the answer's JSON object, as JSON.
func (a *answer) field(name string) string {
	var o map[string]json.RawMessage
	_ = json.Unmarshal(a.body, &o)
	return string(o[name])
}

// code is the code of a problem, empty where the answer is none.
func (a *answer) code() string {
	if !strings.HasPrefix(a.header.Get("Content-Type"), "application/problem+json") {
		return ""
	}
	return strings.Trim(a.field("code"), `"`)
}

// request is a call to make; zero fields are what most calls want.
type request struct {
	scope       string // of the token; empty: "*"
	token       string // instead; "none": no token at all
	contentType string // empty: none is sent
	header      http.Header
}

func (n *node) call(method, path, body string, how ...request) *answer {
	n.t.Helper()
	resp := n.send(n.newRequest(method, path, body, how...))
	defer resp.Body.Close()
	read, err := io.ReadAll(resp.Body)
	if err != nil {
		n.t.Fatal(err)
	}
	return &answer{resp.StatusCode, resp.Header, read}
}

func (n *node) newRequest(method, path, body string, how ...request) *http.Request {
	n.t.Helper()
	var q request
	if len(how) > 0 {
		q = how[0]
	}
	r, err := http.NewRequestWithContext(n.t.Context(), method, n.base+path, strings.NewReader(body))
	if err != nil {
		n.t.Fatal(err)
	}
	for name, values := range q.header {
		r.Header[http.CanonicalHeaderKey(name)] = values
	}
	if q.contentType != "" {
		r.Header.Set("Content-Type", q.contentType)
	}
	if q.scope == "" {
		q.scope = "*"
	}
	if q.token == "" {
		q.token = n.token(q.scope)
	}
	if q.token != "none" {
		r.Header.Set("Authorization", "Bearer "+q.token)
	}
	return r
}

func (n *node) send(r *http.Request) *http.Response {
	n.t.Helper()
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		n.t.Fatal(err)
	}
	return resp
}

// expect makes a call and compares its status and, where want isn't empty, its
// JSON body. For a problem, want is its code.
func (n *node) expect(status int, want, method, path, body string, how ...request) *answer {
	n.t.Helper()
	got := n.call(method, path, body, how...)
	switch {
	case got.status != status:
		n.t.Errorf("%s %s: got %d, want %d: %s", method, path, got.status, status, got.body)
	case status >= 400 && want != "" && got.code() != want:
		n.t.Errorf("%s %s: got code %q, want %q: %s", method, path, got.code(), want, got.body)
	case status < 400 && want != "" && !sameJSON(got.body, []byte(want)):
		n.t.Errorf("%s %s:\n got %s\nwant %s", method, path, got.body, want)
	}
	return got
}

func sameJSON(a, b []byte) bool {
	var x, y any
	if json.Unmarshal(a, &x) != nil || json.Unmarshal(b, &y) != nil {
		return false
	}
	one, _ := json.Marshal(x)
	other, _ := json.Marshal(y)
	return bytes.Equal(one, other)
}
