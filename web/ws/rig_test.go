package ws

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"gatepost/auth"
	"gatepost/gateway"
	"gatepost/hub"
	"gatepost/protocol"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// soon bounds every wait of the tests for something that is to happen.
const soon = 10 * time.Second

// ending is one call of Closed: the client and the cause that stays.
type ending struct {
	id    string
	cause hub.Cause
	uid   string
}

// core is a gateway of the tests: it admits whoever it is told to and passes on
// what it hears. Its clients are a real hub's.
type core struct {
	hub      *hub.Hub
	draining atomic.Bool

	connect func(ctx context.Context, hs *protocol.Handshake) (subprotocol string, err error) // nil: admitted
	open    func(c *hub.Client)                                                               // before the client is open
	message func(c *hub.Client, m protocol.Message)                                           // nil: echoed

	mu         sync.Mutex
	handshakes []*protocol.Handshake
	ended      map[string]int
	endings    chan ending
}

func (g *core) Connect(ctx context.Context, hs *protocol.Handshake) (*gateway.Admission, error) {
	g.mu.Lock()
	g.handshakes = append(g.handshakes, hs)
	g.mu.Unlock()
	a := &gateway.Admission{}
	if g.connect != nil {
		var err error
		if a.Subprotocol, err = g.connect(ctx, hs); err != nil {
			return nil, err
		}
	}
	a.Client = g.hub.Admit(protocol.NewClientID("test0000"), hs, time.Now(), nil)
	return a, nil
}

func (g *core) Open(c *hub.Client, conn net.Conn) {
	if g.open != nil {
		g.open(c)
	}
	c.Open(conn, textFrame("welcome "+c.ID()))
}

func (g *core) Message(c *hub.Client, m protocol.Message) {
	if g.message != nil {
		g.message(c, m)
		return
	}
	c.Send(hub.NewFrame(&m))
}

func (g *core) Closed(c *hub.Client, cause hub.Cause) {
	c.Leave(cause)
	g.mu.Lock()
	g.ended[c.ID()]++
	g.mu.Unlock()
	g.endings <- ending{c.ID(), c.Cause(), c.Identity().UID}
}

func (g *core) Draining() bool { return g.draining.Load() }

// lastHandshake is what the gateway was shown last.
func (g *core) lastHandshake(t *testing.T) *protocol.Handshake {
	t.Helper()
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.handshakes) == 0 {
		t.Fatal("the gateway was asked for nobody")
	}
	return g.handshakes[len(g.handshakes)-1]
}

func (g *core) asked() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.handshakes)
}

// tokensByName verifies the tokens it holds.
type tokensByName map[string]*auth.ClientToken

func (ts tokensByName) VerifyClient(token string) (*auth.ClientToken, error) {
	if t, ok := ts[token]; ok {
		return t, nil
	}
	return nil, &protocol.Problem{Status: 401, Code: protocol.CodeUnauthorized, Detail: "is not one of the test's"}
}

// Tokens that the rig takes.
const (
	goodToken  = "eyJnb29k.eyJzdWIi.c2ln"
	otherToken = "eyJvdGhl.eyJzdWIi.c2ln"
)

var rigTokens = tokensByName{
	goodToken:  {UID: "42", Groups: []string{"a"}, Session: json.RawMessage(`{"n":1}`), Claims: json.RawMessage(`{"sub":"42"}`)},
	otherToken: {UID: "43", Claims: json.RawMessage(`{"sub":"43"}`)},
}

// rig is a handler behind a real listener.
type rig struct {
	t      *testing.T
	core   *core
	h      *Handler
	server *httptest.Server
	logs   *lockedBuffer
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// newRig starts a handler with the defaults of the configuration, changed by
// change. The address of a request is its X-Test-IP, so that one test can be
// several addresses.
func newRig(t *testing.T, options hub.Options, change func(*Config, *core)) *rig {
	t.Helper()
	r := &rig{t: t, logs: &lockedBuffer{}, core: &core{
		hub: hub.New(options), ended: map[string]int{}, endings: make(chan ending, 4096),
	}}
	cfg := Config{
		Path: "/ws", TokenFrom: []string{"query:token", "header", "subprotocol"}, Anonymous: true,
		MaxMessage: 64 << 10,
	}
	if change != nil {
		change(&cfg, r.core)
	}
	log := slog.New(slog.NewTextHandler(r.logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
	r.h = New(cfg, r.core, rigTokens, log, prometheus.NewRegistry())
	e := echo.New()
	e.IPExtractor = func(req *http.Request) string {
		if ip := req.Header.Get("X-Test-Ip"); ip != "" {
			return ip
		}
		return echo.ExtractIPDirect()(req)
	}
	e.Any("/*", func(c echo.Context) error {
		if !r.h.Matches(c.Request()) {
			return c.String(http.StatusNotFound, "not for ws")
		}
		return r.h.Upgrade(c)
	})
	r.server = httptest.NewUnstartedServer(e)
	r.server.Config.ErrorLog = slog.NewLogLogger(log.Handler(), slog.LevelError)
	r.server.Start()
	t.Cleanup(func() {
		r.server.Close()
		r.core.hub.Each(func(c *hub.Client) bool { c.Close(hub.Cause{Code: 1001}, nil, true); return true })
		r.awaitEmpty()
		r.core.hub.Close()
	})
	return r
}

// awaitEmpty waits until nothing of any connection is left, and fails where a
// client was closed more or less often than once.
func (r *rig) awaitEmpty() {
	r.t.Helper()
	eventually(r.t, "all seats are free and melody has no session", func() bool {
		r.h.seats.mu.Lock()
		defer r.h.seats.mu.Unlock()
		return r.h.seats.taken == 0 && len(r.h.seats.perIP) == 0 && r.h.melody.Len() == 0 && len(r.h.refusing) == 0
	})
	r.core.mu.Lock()
	defer r.core.mu.Unlock()
	for id, n := range r.core.ended {
		if n != 1 {
			r.t.Errorf("Closed was called %d times for %s, want once", n, id)
		}
	}
}

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(soon); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within %v: %s", soon, what)
		}
	}
}

func (r *rig) url(path string) string { return "ws" + strings.TrimPrefix(r.server.URL, "http") + path }

// dial connects, and reads the welcome.
func (r *rig) dial(path string, header http.Header, protocols ...string) *websocket.Conn {
	r.t.Helper()
	d := websocket.Dialer{Subprotocols: protocols, HandshakeTimeout: soon}
	conn, resp, err := d.Dial(r.url(path), header)
	if err != nil {
		status := 0
		if resp != nil {
			status = resp.StatusCode
		}
		r.t.Fatalf("dialling %s: %v (status %d)", path, err, status)
	}
	r.t.Cleanup(func() { conn.Close() })
	_ = conn.SetReadDeadline(time.Now().Add(soon))
	if got := readText(r.t, conn); !strings.HasPrefix(got, "welcome ") {
		r.t.Fatalf("first frame is %q, want the welcome", got)
	}
	return conn
}

// refused dials and gives the answer that refuses it.
func (r *rig) refused(path string, header http.Header, protocols ...string) (*http.Response, string) {
	r.t.Helper()
	d := websocket.Dialer{Subprotocols: protocols, HandshakeTimeout: soon}
	conn, resp, err := d.Dial(r.url(path), header)
	if err == nil {
		conn.Close()
		r.t.Fatalf("%s was upgraded, want a refusal", path)
	}
	if resp == nil {
		r.t.Fatalf("%s: %v, want an HTTP answer", path, err)
	}
	body, _ := io.ReadAll(resp.Body)
	return resp, string(body)
}

func (r *rig) ending() ending {
	r.t.Helper()
	select {
	case e := <-r.core.endings:
		return e
	case <-time.After(soon):
		r.t.Fatal("Closed was not called")
		return ending{}
	}
}

// wantEnding waits for the end of a client and compares how it ended.
func (r *rig) wantEnding(code int, by protocol.Initiator) ending {
	r.t.Helper()
	e := r.ending()
	if e.cause.Code != code || e.cause.Initiator != by {
		r.t.Errorf("ended with %d by %s (%q), want %d by %s", e.cause.Code, e.cause.Initiator, e.cause.Reason, code, by)
	}
	return e
}

func readText(t *testing.T, conn *websocket.Conn) string {
	t.Helper()
	kind, p, err := conn.ReadMessage()
	if err != nil {
		t.Fatalf("reading: %v", err)
	}
	if kind != websocket.TextMessage {
		t.Fatalf("got a message of type %d, want text", kind)
	}
	return string(p)
}

// wantClose reads until the close frame and compares its code.
func wantClose(t *testing.T, conn *websocket.Conn, code int) *websocket.CloseError {
	t.Helper()
	for {
		_, _, err := conn.ReadMessage()
		if err == nil {
			continue
		}
		var ce *websocket.CloseError
		if !errors.As(err, &ce) || ce.Code != code {
			t.Fatalf("reading ended with %v, want close code %d", err, code)
		}
		return ce
	}
}

func textFrame(s string) *hub.Frame { return hub.NewFrame(&protocol.Message{Payload: []byte(s)}) }

// raw is a client without a library, for what no library sends.
type raw struct {
	t *testing.T
	net.Conn
	r *bufio.Reader
}

// request sends one request, written out, and gives the connection.
func (r *rig) request(text string) *raw {
	r.t.Helper()
	conn, err := net.Dial("tcp", r.server.Listener.Addr().String())
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(soon))
	if _, err := io.WriteString(conn, text); err != nil {
		r.t.Fatal(err)
	}
	return &raw{r.t, conn, bufio.NewReader(conn)}
}

const upgradeRequest = "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n" +
	"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"

// upgraded is a raw client that has had its welcome.
func (r *rig) upgraded() *raw {
	r.t.Helper()
	c := r.request(upgradeRequest)
	resp, err := http.ReadResponse(c.r, nil)
	if err != nil || resp.StatusCode != http.StatusSwitchingProtocols {
		r.t.Fatalf("upgrade: %v %v", resp, err)
	}
	if op, _ := c.frame(); op != websocket.TextMessage {
		r.t.Fatalf("first frame has opcode %d, want the welcome", op)
	}
	return c
}

// frame reads one frame of the server's.
func (c *raw) frame() (opcode int, payload []byte) {
	c.t.Helper()
	var head [2]byte
	if _, err := io.ReadFull(c.r, head[:]); err != nil {
		c.t.Fatalf("reading a frame: %v", err)
	}
	n := int(head[1] & 0x7f)
	if n == 126 {
		var long [2]byte
		if _, err := io.ReadFull(c.r, long[:]); err != nil {
			c.t.Fatal(err)
		}
		n = int(binary.BigEndian.Uint16(long[:]))
	}
	payload = make([]byte, n)
	if _, err := io.ReadFull(c.r, payload); err != nil {
		c.t.Fatalf("reading a frame: %v", err)
	}
	return int(head[0] & 0xf), payload
}

// wantClose reads until the close frame and compares its code; then the server
// has to end the connection in order.
func (c *raw) wantClose(code int) string {
	c.t.Helper()
	for {
		op, payload := c.frame()
		if op != websocket.CloseMessage {
			continue
		}
		if len(payload) < 2 || int(binary.BigEndian.Uint16(payload)) != code {
			c.t.Fatalf("close frame % x, want code %d", payload, code)
		}
		if rest, err := io.ReadAll(c.r); err != nil || len(rest) > 0 {
			c.t.Fatalf("behind the close frame: %d bytes and %v, want a clean end", len(rest), err)
		}
		return string(payload[2:])
	}
}

// masked is one frame as a client sends it, its mask all zero.
func masked(first byte, payload []byte) []byte {
	b := []byte{first}
	switch n := len(payload); {
	case n <= 125:
		b = append(b, 0x80|byte(n))
	case n <= 0xffff:
		b = binary.BigEndian.AppendUint16(append(b, 0x80|126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 0x80|127), uint64(n))
	}
	b = append(b, 0, 0, 0, 0)
	return append(b, payload...)
}

func (c *raw) send(b []byte) {
	c.t.Helper()
	if _, err := c.Write(b); err != nil {
		c.t.Fatalf("sending: %v", err)
	}
}
