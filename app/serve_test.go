package main

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

const patience = 10 * time.Second

// running is a node in this process.
type running struct {
	t       *testing.T
	url     string
	environ []string // with which commands call it
	signals chan os.Signal
	status  chan int
	lines   chan map[string]any // of its log
}

// serve runs "gatepost serve" on a free port.
func serve(t *testing.T, environ ...string) *running {
	t.Helper()
	logged, log := io.Pipe()
	r := &running{t: t, signals: make(chan os.Signal, 2), status: make(chan int, 1), lines: make(chan map[string]any, 100)}
	go r.read(logged)
	environ = append([]string{"GATEPOST_ADDR=127.0.0.1:0", "GATEPOST_DATA_DIR=memory", "GATEPOST_SECRET=" + testSecret, "GATEPOST_DRAIN=0s"}, environ...)
	sh := &shell{args: []string{"serve"}, environ: environ, in: strings.NewReader(""), out: io.Discard, err: log, signals: r.signals}
	go func() {
		r.status <- sh.run()
		_ = log.Close()
	}()
	r.url = "http://" + r.line("listening")["addr"].(string)
	r.environ = []string{"GATEPOST_URL=" + r.url, "GATEPOST_SECRET=" + testSecret}
	return r
}

// read takes what the node logs, so that it is never held up by it.
func (r *running) read(logged io.Reader) {
	defer close(r.lines)
	for scanner := bufio.NewScanner(logged); scanner.Scan(); {
		var fields map[string]any
		if json.Unmarshal(scanner.Bytes(), &fields) != nil {
			fields = map[string]any{"msg": scanner.Text()}
		}
		select {
		case r.lines <- fields:
		default: // nobody waits for so many
		}
	}
}

// line waits for the line with this message.
func (r *running) line(message string) map[string]any {
	r.t.Helper()
	for fields := range r.lines {
		if fields["msg"] == message {
			return fields
		}
	}
	r.t.Fatalf("the log ends without %q", message)
	return nil
}

// ends waits for the exit status.
func (r *running) ends() int {
	r.t.Helper()
	select {
	case status := <-r.status:
		return status
	case <-time.After(patience):
		r.t.Fatal("the node doesn't end")
		return -1
	}
}

func (r *running) get(path string) int {
	r.t.Helper()
	res, err := http.Get(r.url + path)
	if err != nil {
		r.t.Fatal(err)
	}
	_ = res.Body.Close()
	return res.StatusCode
}

func (r *running) connect() *websocket.Conn {
	r.t.Helper()
	conn, res, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(r.url, "http")+"/ws", nil)
	if err != nil {
		r.t.Fatalf("%v, %v", err, res)
	}
	r.t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func TestServeDrainsOnTheFirstSignal(t *testing.T) {
	r := serve(t)
	conn := r.connect()
	if status := r.get("/readyz"); status != 200 {
		t.Errorf("/readyz answers %d", status)
	}
	r.signals <- syscall.SIGTERM
	_ = conn.SetReadDeadline(time.Now().Add(patience))
	if _, _, err := conn.ReadMessage(); err != nil { // the welcome
		t.Fatal(err)
	}
	if _, _, err := conn.ReadMessage(); !websocket.IsCloseError(err, websocket.CloseGoingAway) {
		t.Errorf("the client was told %v, want 1001", err)
	}
	if status := r.ends(); status != 0 {
		t.Errorf("status %d, want 0", status)
	}
}

func TestASecondSignalEndsAtOnce(t *testing.T) {
	r := serve(t, "GATEPOST_DRAIN=1h")
	_ = r.connect()
	r.signals <- syscall.SIGTERM
	r.line("draining")
	for deadline := time.Now().Add(patience); r.get("/readyz") != http.StatusServiceUnavailable; {
		if time.Now().After(deadline) {
			t.Fatal("a draining node stays ready")
		}
	}
	time.Sleep(sameOrder)
	r.signals <- syscall.SIGINT
	if status := r.ends(); status != 1 {
		t.Errorf("status %d, want 1", status)
	}
}

// A node whose NATS is away would else be deaf for as long as it waits for it.
func TestServeHeedsASignalBeforeItIsUp(t *testing.T) {
	signals := make(chan os.Signal, 2)
	sh := &shell{args: []string{"serve"}, in: strings.NewReader(""), out: io.Discard, err: io.Discard, signals: signals, environ: []string{
		"GATEPOST_ADDR=127.0.0.1:0", "GATEPOST_SECRET=" + testSecret, "GATEPOST_NODE=early", "GATEPOST_NATS_URL=nats://127.0.0.1:1",
	}}
	status := make(chan int, 1)
	go func() { status <- sh.run() }()
	signals <- syscall.SIGTERM
	select {
	case got := <-status:
		if got != 0 {
			t.Errorf("status %d, want 0", got)
		}
	case <-time.After(patience):
		t.Fatal("the node doesn't end")
	}
}

func TestServeFailsWhereThePortIsTaken(t *testing.T) {
	r := serve(t)
	got := gatepost(t, []string{"GATEPOST_ADDR=" + strings.TrimPrefix(r.url, "http://"), "GATEPOST_DATA_DIR=memory", "GATEPOST_SECRET=" + testSecret}, "", "serve")
	if got.status != 1 || !strings.Contains(got.err, "gatepost: listen on 127.0.0.1:") || !strings.Contains(got.err, "GATEPOST_ADDR") {
		t.Errorf("got %+v", got)
	}
	r.signals <- syscall.SIGTERM
	r.ends()
}

// The commands that call a node, on a real one.
func TestCalls(t *testing.T) {
	r := serve(t)
	conn := r.connect()
	_ = conn.SetReadDeadline(time.Now().Add(patience))
	var welcome struct {
		ClientID string `json:"client_id"`
	}
	if err := conn.ReadJSON(&welcome); err != nil {
		t.Fatal(err)
	}
	next := func() string {
		kind, text, err := conn.ReadMessage()
		if err != nil {
			t.Fatal(err)
		}
		return map[int]string{websocket.TextMessage: "text ", websocket.BinaryMessage: "binary "}[kind] + string(text)
	}
	want := func(contains string, got result) {
		t.Helper()
		if got.status != 0 || !strings.Contains(got.out, contains) {
			t.Errorf("got %+v, want %q", got, contains)
		}
	}
	const one, none = "matched 1, queued 1, dropped 0\n", "matched 0, queued 0, dropped 0\n"
	want(one, gatepost(t, r.environ, "", "push", "all", "hello"))
	if got := next(); got != "text hello" {
		t.Errorf("the client got %s", got)
	}
	want(one, gatepost(t, r.environ, "\x00\xff", "push", "client", welcome.ClientID, "-", "--binary"))
	if got := next(); got != "binary \x00\xff" {
		t.Errorf("the client got %q", got)
	}
	want(none, gatepost(t, r.environ, "", "push", "all", "hello", "--except-client", welcome.ClientID))
	want(none, gatepost(t, r.environ, "", "push", "group", "a/b c", "hello"))
	want(none, gatepost(t, r.environ, "", "push", "uid", "%", "hello"))
	want(none, gatepost(t, r.environ, "", "push", "group", "../all *", "hello"))
	want(`"matched": 0`, gatepost(t, r.environ, "", "push", "uid", "42", "hello", "--json"))
	want(welcome.ClientID, gatepost(t, r.environ, "", "clients"))
	want("[]", gatepost(t, r.environ, "", "clients", "--group", "none", "--json"))
	want("clients 1, uids 0, groups 0", gatepost(t, r.environ, "", "stats"))
	want(`"clients": 1`, gatepost(t, r.environ, "", "stats", "--json"))
	want("ID", gatepost(t, r.environ, "", "dead", "list"))
	want("replayed 0", gatepost(t, r.environ, "", "dead", "replay", "--all"))
	want("", gatepost(t, r.environ, "", "healthcheck", "--addr", strings.TrimPrefix(r.url, "http://")))
	want("", gatepost(t, []string{"GATEPOST_ADDR=" + strings.TrimPrefix(r.url, "http://")}, "", "healthcheck", "--ready"))

	fails := func(says string, got result) {
		t.Helper()
		if got.status != 1 || !strings.Contains(got.err, says) {
			t.Errorf("got %+v, want %q", got, says)
		}
	}
	fails("404 client_gone", gatepost(t, r.environ, "", "push", "client", "nobody", "hello"))
	fails("404 not_found", gatepost(t, r.environ, "", "dead", "drop", "evt_nothing"))
	token := strings.TrimSpace(gatepost(t, r.environ, "", "token", "api", "--scope", "push:uid:42").out)
	weak := []string{"GATEPOST_URL=" + r.url, "GATEPOST_TOKEN=" + token}
	fails("403 forbidden", gatepost(t, weak, "", "push", "all", "hello"))
	want(none, gatepost(t, weak, "", "push", "uid", "42", "hello"))
	fails("neither GATEPOST_TOKEN nor GATEPOST_SECRET", gatepost(t, []string{"GATEPOST_URL=" + r.url}, "", "stats"))
	fails("secret 1 of 1 has 5 bytes", gatepost(t, []string{"GATEPOST_URL=" + r.url, "GATEPOST_SECRET=short"}, "", "stats"))
	fails("GATEPOST_URL says where", gatepost(t, []string{"GATEPOST_URL=http://127.0.0.1:1", "GATEPOST_TOKEN=x"}, "", "stats"))
	other := "GATEPOST_SECRET=" + strings.Repeat("o", 32)
	fails("is it the gateway's?", gatepost(t, []string{"GATEPOST_URL=" + r.url, other}, "", "stats"))

	r.signals <- syscall.SIGTERM
	r.ends()
}
