package ws

import (
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"gatepost/hub"
	"gatepost/protocol"
	"gatepost/test/logs"
	"gatepost/test/wait"
	"gatepost/web/http1"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// soon bounds every wait of the tests for something that is to happen.
const soon = 10 * time.Second

// rig is a handler behind a real listener.
type rig struct {
	t    *testing.T
	core *core
	h    *Handler
	addr string
	log  *logs.Log
	reg  *prometheus.Registry
}

// newRig starts a handler with the defaults of the configuration, changed by
// change. The address of a request is its X-Test-IP, so that one test can be
// several addresses.
func newRig(t *testing.T, options hub.Options, change func(*Config, *core)) *rig {
	t.Helper()
	r := &rig{t: t, log: &logs.Log{}, reg: prometheus.NewRegistry(), core: &core{
		hub: hub.New(options), ended: map[string]int{}, endings: make(chan ending, 4096),
	}}
	cfg := Config{
		Path: "/ws", TokenFrom: []string{"query:token", "header", "subprotocol"}, Anonymous: true,
		MaxMessage: 64 << 10,
	}
	if change != nil {
		change(&cfg, r.core)
	}
	log := r.log.DebugLogger()
	r.h = New(cfg, r.core, rigTokens, log, r.reg)
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
	socket, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r.addr = socket.Addr().String()
	server := http1.New(http1.Config{Handler: e, MaxHeaderBytes: 64 << 10, Log: log})
	served := make(chan error, 1)
	go func() { served <- server.Serve(socket) }()
	t.Cleanup(func() {
		server.Close()
		<-served
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
	wait.For(r.t, "all seats are free and melody has no session", func() bool {
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

func (r *rig) url(path string) string { return "ws://" + r.addr + path }

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
