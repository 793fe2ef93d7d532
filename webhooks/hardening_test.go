package webhooks

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"gatepost/protocol"
	"gatepost/test/counted"
	"gatepost/test/wait"
)

func TestRedirectIsAFinalStatus(t *testing.T) {
	var elsewhere atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }))
	defer other.Close()
	for _, code := range []int{301, 302, 303, 307, 308} {
		for _, location := range []string{other.URL, "http://[broken", ""} {
			r := onLoopback(t, Endpoint{}, func(w http.ResponseWriter, _ got) {
				w.Header().Set("Location", location)
				w.WriteHeader(code)
			})
			o := r.deliver(event(protocol.Inbound, "c1", 1))
			if o.Verdict != protocol.Dead || len(r.back.requests()) != 1 {
				t.Errorf("%d to %q: %+v after %d attempts", code, location, o, len(r.back.requests()))
			}
		}
	}
	if elsewhere.Load() != 0 {
		t.Error("a redirect was followed")
	}
}

// The environment's proxy is read once by net/http, so a transport that asked it
// can only be told by its field.
func TestProxyOfTheEnvironmentIsNotAsked(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	r := onLoopback(t, Endpoint{}, status(200))
	if r.endpoints[0].courier.transport.Proxy != nil {
		t.Error("there is a proxy function")
	}
	if o := r.deliver(event(protocol.Inbound, "c1", 1)); o.Verdict != protocol.Delivered {
		t.Errorf("outcome %+v", o)
	}
}

func TestReplyIsCapped(t *testing.T) {
	t.Parallel()
	sized := func(n int) string { return `{"reply":"` + strings.Repeat("x", n-len(`{"reply":""}`)) + `"}` }
	t.Run("at the limit", func(t *testing.T) {
		r := onLoopback(t, Endpoint{}, body(200, sized(protocol.MaxReplyBytes)))
		o := r.deliver(event(protocol.Inbound, "c1", 1))
		if o.Verdict != protocol.Delivered || o.Reply.Message == nil || len(o.Reply.Message.Payload) < 1<<19 {
			t.Errorf("verdict %v", o.Verdict)
		}
	})
	t.Run("one byte more", func(t *testing.T) {
		r := onLoopback(t, Endpoint{}, body(200, sized(protocol.MaxReplyBytes+1)))
		if o := r.deliver(event(protocol.Connect, "c1", 0)); o.Verdict != protocol.Unavailable || !o.OwesClose {
			t.Errorf("outcome %+v", o)
		}
	})
	t.Run("endless", func(t *testing.T) {
		var sent atomic.Int64
		r := onLoopback(t, Endpoint{Timeout: 5 * time.Second}, func(w http.ResponseWriter, _ got) {
			chunk := []byte(strings.Repeat("x", 64<<10))
			for {
				n, err := w.Write(chunk)
				sent.Add(int64(n))
				if err != nil {
					return
				}
			}
		})
		if o := r.deliver(event(protocol.Inbound, "c1", 1)); o.Verdict != protocol.Dead {
			t.Errorf("outcome %+v", o)
		}
		l, _, _ := r.Dead(t.Context(), protocol.Page{})
		if len(l) != 1 || !strings.Contains(l[0].Attempts[0].Error, "larger than") {
			t.Errorf("letters %+v", l)
		}
		if n := sent.Load(); n > 5*32<<20 {
			t.Errorf("%d bytes were taken", n)
		}
	})
}

// An answer that is of no use isn't kept while its event waits to be sent again:
// thousands may wait at once.
func TestWaitingEventsKeepNoAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := inBubble(t, Endpoint{}, body(200, strings.Repeat("x", 2*protocol.MaxReplyBytes)))
		for _, typ := range []protocol.EventType{protocol.Connect, protocol.Inbound} {
			j, err := r.endpoints[0].newJob(event(typ, "c1", 1), "/", "")
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), firstPause/2)
			r.endpoints[0].run(ctx, j)
			cancel()
			if j.past.last == nil || j.past.tries != 1 || len(j.past.last.body) > 0 {
				t.Errorf("%s: after %d tries %d bytes are kept", typ, j.past.tries, len(j.past.last.body))
			}
		}
	})
}

// A refusal with an endless text is a refusal nonetheless, and its slot is free
// soon.
func TestEndlessRefusal(t *testing.T) {
	r := onLoopback(t, Endpoint{Timeout: 5 * time.Second}, func(w http.ResponseWriter, _ got) {
		w.WriteHeader(403)
		for {
			if _, err := io.WriteString(w, strings.Repeat("no ", 1000)); err != nil {
				return
			}
		}
	})
	if o := r.deliver(event(protocol.Connect, "c1", 0)); o.Verdict != protocol.Refused || o.Status != 403 || len(o.Text) > protocol.MaxRefusalBytes {
		t.Errorf("verdict %v, status %d, %d bytes", o.Verdict, o.Status, len(o.Text))
	}
}

func TestAnswersThatAreNotHTTP(t *testing.T) {
	t.Parallel()
	for _, answer := range []string{"SSH-2.0-OpenSSH\r\n", "HTTP/1.1 200 OK\r\nCookie secret-cookie\r\n\r\n", "HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 1<<20)} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			for {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				go func() {
					defer conn.Close()
					_, _ = conn.Read(make([]byte, 4096))
					_, _ = io.WriteString(conn, answer)
				}()
			}
		}()
		r := onLoopback(t, Endpoint{URL: "http://" + l.Addr().String(), Timeout: 3 * time.Second}, status(200))
		if o := r.deliver(event(protocol.Close, "c1", 1)); o.Verdict != protocol.Dead {
			t.Errorf("%.20q: %+v", answer, o)
		}
		_ = l.Close()
		if strings.Contains(r.log.String(), "secret") || strings.Contains(r.log.String(), "OpenSSH") {
			t.Errorf("the answer is in the log: %s", r.log)
		}
	}
}

func TestUnreadableReplyOfAMessage(t *testing.T) {
	t.Parallel()
	tests := []struct{ answer, hint string }{
		{"<br />\n<b>Warning</b>: Undefined variable", "display_errors"},
		{"\xef\xbb\xbf{}", "byte order mark"},
		{`{"reply":`, "broken"},
		{`Notice: x {"reply":"hi"}`, "before the JSON"},
		{"ok", "or with nothing"},
		{strings.Repeat("\x1b[31m\n", 200), "or with nothing"},
	}
	for _, tt := range tests {
		r := onLoopback(t, Endpoint{}, body(200, tt.answer))
		o := r.deliver(event(protocol.Inbound, "c1", 1))
		if o.Verdict != protocol.Delivered || o.Reply == nil || o.Reply.Message != nil || len(r.back.requests()) != 1 {
			t.Errorf("%.20q: %+v", tt.answer, o)
		}
		log := r.log.String()
		if !strings.Contains(log, "level=WARN") || !strings.Contains(log, tt.hint) || len(log) > 1200 || strings.Contains(log, "\x1b") {
			t.Errorf("%.20q: log %s", tt.answer, log)
		}
		if n := counted.Of(t, r.reg, "gatepost_webhook_unreadable_replies_total").Sum(); n != 1 {
			t.Errorf("%.20q: counted %v", tt.answer, n)
		}
	}
}

func TestReplyIsJudgedByItsBodyNotItsType(t *testing.T) {
	r := onLoopback(t, Endpoint{}, func(w http.ResponseWriter, _ got) {
		w.Header().Set("Content-Type", "text/html; charset=UTF-8") // PHP's echo json_encode(…)
		_, _ = io.WriteString(w, `{"reply":{"a": 1},"colour":1}`)
	})
	o := r.deliver(event(protocol.Inbound, "c1", 1))
	if o.Verdict != protocol.Delivered || o.Reply.Message == nil || string(o.Reply.Message.Payload) != `{"a":1}` {
		t.Errorf("outcome %+v", o)
	}
	if log := r.log.String(); !strings.Contains(log, "level=WARN") || !strings.Contains(log, "colour") {
		t.Errorf("log %s", log)
	}
}

func TestSecretsStayOutOfLogsAndLetters(t *testing.T) {
	t.Parallel()
	back := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user != "me" || password != "hushpass" || r.URL.Query().Get("key") != "hushkey" {
			t.Error("the URL's credentials were not sent")
		}
		http.Error(w, "hushbody", 500)
	}))
	defer back.Close()
	u, _ := url.Parse(back.URL)
	r := onLoopback(t, Endpoint{URL: "http://me:hushpass@" + u.Host + "/hook?key=hushkey", Headers: map[string]string{"X-Api": "hushheader"}}, nil)
	ev := event(protocol.Close, "c1", 3)
	ev.Data.Request = &protocol.Request{Cookies: map[string]string{"sid": "hushcookie"}}
	r.deliver(ev)
	l, err := r.DeadLetter(t.Context(), ev.ID)
	if err != nil {
		t.Fatal(err)
	}
	for what, text := range map[string]string{"log": r.log.String(), "letter": string(l.Event) + fmt.Sprint(l.Headers, l.Attempts[0].Error), "stats": fmt.Sprint(r.Stats())} {
		if strings.Contains(text, "hush") {
			t.Errorf("%s: %s", what, text)
		}
	}
	if !strings.Contains(string(l.Event), `"sid":"***"`) {
		t.Errorf("letter %s", l.Event)
	}
	if ev.Data.Request.Cookies["sid"] != "hushcookie" {
		t.Error("masking changed the event itself, which may be sent again")
	}
}

// retryablehttp closes the idle connections of its client whenever it gives up.
func TestGivingUpKeepsTheConnections(t *testing.T) {
	var dials atomic.Int32
	back := httptest.NewUnstartedServer(&backend{answer: status(400)})
	back.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			dials.Add(1)
		}
	}
	back.Start()
	defer back.Close()
	r := onLoopback(t, Endpoint{URL: back.URL}, nil)
	for i := range 20 {
		r.deliver(event(protocol.Inbound, fmt.Sprint("c", i), 1))
	}
	if n := dials.Load(); n != 1 {
		t.Errorf("%d connections for 20 events that failed, want 1", n)
	}
}

func TestConnectionsAreReusedAtFullConcurrency(t *testing.T) {
	var dials atomic.Int32
	const width = 32
	wave := make(chan struct{}, width)
	back := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		<-wave
	}))
	back.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			dials.Add(1)
		}
	}
	back.Start()
	defer back.Close()
	r := onLoopback(t, Endpoint{URL: back.URL, Concurrency: 64}, nil)
	r.endpoints[0].turns.slots.limit.value = 64
	for range 5 {
		done := make(chan struct{})
		for i := range width {
			go func() {
				r.deliver(from(event(protocol.Inbound, fmt.Sprint("c", i), 1), fmt.Sprint("192.0.2.", i), ""))
				done <- struct{}{}
			}()
		}
		wait.For(t, "all are under way", func() bool { return r.Stats()[0].InFlight == width })
		for range width {
			wave <- struct{}{}
		}
		for range width {
			<-done
		}
	}
	if n := dials.Load(); n > width+2 {
		t.Errorf("%d connections for waves of %d", n, width)
	}
}

// A backend that is down must not fill the log.
func TestFailuresAreLoggedSparingly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := inBubble(t, Endpoint{}, status(400))
		for i := range 1000 {
			r.deliver(event(protocol.Inbound, fmt.Sprint("c", i), 1))
		}
		time.Sleep(quietFor + time.Second)
		log := r.log.String()
		if n := strings.Count(log, "a webhook attempt failed"); n != 2 {
			t.Errorf("%d lines: %s", n, log)
		}
		if !strings.Contains(log, "times=999") {
			t.Errorf("no summary: %s", log)
		}
	})
}

func TestNoGoroutineIsLeftBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // fails where one is
		r := inBubble(t, Endpoint{Batch: 10}, status(500, 200))
		r.deliver(event(protocol.Inbound, "c1", 1))
		r.Close()
		r.Close() // harmless
	})
}

func TestMain(m *testing.M) {
	_ = os.Unsetenv("NO_PROXY") // TestProxyOfTheEnvironmentIsNotAsked
	os.Exit(m.Run())
}
