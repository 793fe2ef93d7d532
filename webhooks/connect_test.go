package webhooks

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"gatepost/protocol"
)

func TestConnectIsAcceptedByAReplyOnly(t *testing.T) {
	tests := []struct {
		answer string
		want   protocol.Verdict
	}{
		{"", protocol.Delivered},
		{" \n", protocol.Delivered},
		{"{}", protocol.Delivered},
		{"[]", protocol.Delivered}, // PHP's empty array
		{`{"uid":42,"groups":["a"],"session":{"n":1},"until":5,"subprotocol":"x"}`, protocol.Delivered},
		{`{"nonsense":1}`, protocol.Delivered},
		{"<br />\n<b>Fatal error</b>: Uncaught Error", protocol.Unavailable},
		{"ok", protocol.Unavailable},
		{`"ok"`, protocol.Unavailable},
		{"null", protocol.Unavailable},
		{"[1]", protocol.Unavailable},
		{`{"uid":{}}`, protocol.Unavailable},
		{`{} <b>Warning</b>`, protocol.Unavailable},
		{"\xff\xfe", protocol.Unavailable},
		{"\xef\xbb\xbf{}", protocol.Unavailable},
		{strings.Repeat("[", 20_000), protocol.Unavailable},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%.20q", tt.answer), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := inBubble(t, Endpoint{}, body(200, tt.answer))
				o := r.deliver(event(protocol.Connect, "c1", 0))
				attempts := 1
				if tt.want == protocol.Unavailable {
					attempts = quickTries // it counts as 5xx
				}
				if o.Verdict != tt.want || !o.OwesClose || len(r.back.requests()) != attempts {
					t.Errorf("%+v after %d attempts", o, len(r.back.requests()))
				}
				if (o.Reply != nil) != (tt.want == protocol.Delivered) {
					t.Errorf("reply %+v", o.Reply)
				}
			})
		})
	}
}

func TestRefusalTextIsBounded(t *testing.T) {
	for _, text := range []string{"no", strings.Repeat("é", 2000), "a" + strings.Repeat("é", 2000), "\xff\xfe" + strings.Repeat("x", 3000), strings.Repeat("\xff", 4000)} {
		r := onLoopback(t, Endpoint{}, body(403, text))
		o := r.deliver(event(protocol.Connect, "c1", 0))
		if o.Verdict != protocol.Refused || o.Status != 403 || o.OwesClose {
			t.Fatalf("outcome %+v", o)
		}
		if len(o.Text) > protocol.MaxRefusalBytes || !utf8.ValidString(o.Text) || utf8.ValidString(text) && strings.Contains(o.Text, "\uFFFD") {
			t.Errorf("%.10q: %d bytes: %.20q…", text, len(o.Text), o.Text)
		}
		if len(text) > 2000 && utf8.ValidString(text) && len(o.Text) < protocol.MaxRefusalBytes-1 {
			t.Errorf("%.10q: cut to %d bytes", text, len(o.Text))
		}
	}
}

// A connect's tries, with the waiting between them and for slots, fit into one
// timeout.
func TestConnectIsDecidedInOneTimeout(t *testing.T) {
	after := func(value string) func(http.ResponseWriter, got) {
		return func(w http.ResponseWriter, _ got) {
			w.Header().Set("Retry-After", value)
			w.WriteHeader(503)
		}
	}
	tests := []struct {
		name     string
		answer   func(http.ResponseWriter, got) // nil: none
		min, max time.Duration
		attempts int
	}{
		{"hangs", nil, 2 * time.Second, 2 * time.Second, 1},
		{"fails slowly", func(w http.ResponseWriter, _ got) { time.Sleep(700 * time.Millisecond); w.WriteHeader(500) }, time.Second, 2 * time.Second, 2},
		{"asks for an hour", after("3600"), 0, 100 * time.Millisecond, 1},
		{"asks for a second", after("1"), time.Second, 2 * time.Second, 2},
		{"asks for nothing", after("0"), 0, 100 * time.Millisecond, 5},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				stop := make(chan struct{})
				answer := tt.answer
				if answer == nil {
					answer = func(http.ResponseWriter, got) { <-stop }
				}
				r := inBubble(t, Endpoint{Timeout: 2 * time.Second}, answer)
				began := time.Now()
				o := r.deliver(event(protocol.Connect, "c1", 0))
				took := time.Since(began)
				close(stop)
				if n := len(r.back.requests()); o.Verdict != protocol.Unavailable || !o.OwesClose || took < tt.min || took > tt.max || n < tt.attempts {
					t.Errorf("%+v after %v and %d attempts", o, took, n)
				}
			})
		})
	}
}

// A connect waits for its first slot half its time, so that the other half is left
// for the backend.
func TestConnectThatGetsNoSlotInTimeIsUnavailable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stop := make(chan struct{})
		r := inBubble(t, Endpoint{Concurrency: 1, Timeout: time.Minute}, func(http.ResponseWriter, got) { <-stop })
		go r.deliver(event(protocol.Inbound, "c1", 1))
		synctest.Wait()
		time.Sleep(30 * time.Second) // the slot frees too late for the next
		r.endpoints[0].Timeout = 10 * time.Second
		began := time.Now()
		if o := r.deliver(event(protocol.Connect, "c2", 0)); o.Verdict != protocol.Unavailable || o.OwesClose {
			t.Errorf("outcome %+v", o)
		}
		if took := time.Since(began); took != 5*time.Second {
			t.Errorf("took %v", took)
		}
		close(stop)
	})
}

func TestCloseIsOwedWhereBytesWereWritten(t *testing.T) {
	t.Parallel()
	t.Run("nobody listens", func(t *testing.T) {
		t.Parallel()
		dial := func(context.Context, string, string) (net.Conn, error) {
			return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
		}
		r := newRig(t, Endpoint{URL: "http://backend.test"}, nil, dial)
		defer r.Close()
		if o := r.deliver(event(protocol.Connect, "c1", 0)); o.Verdict != protocol.Unavailable || o.OwesClose {
			t.Errorf("outcome %+v", o)
		}
	})
	t.Run("hangs up after the request", func(t *testing.T) {
		t.Parallel()
		r := onLoopback(t, Endpoint{}, func(http.ResponseWriter, got) { panic(http.ErrAbortHandler) })
		if o := r.deliver(event(protocol.Connect, "c1", 0)); o.Verdict != protocol.Unavailable || !o.OwesClose {
			t.Errorf("outcome %+v", o)
		}
	})
	t.Run("refuses after a failure", func(t *testing.T) {
		t.Parallel()
		r := onLoopback(t, Endpoint{}, status(503, 403))
		if o := r.deliver(event(protocol.Connect, "c1", 0)); o.Verdict != protocol.Refused || !o.OwesClose {
			t.Errorf("outcome %+v", o)
		}
	})
	t.Run("a connection that dies before the first byte", func(t *testing.T) {
		t.Parallel()
		var dials atomic.Int32
		dial := func(ctx context.Context, network, addr string) (net.Conn, error) {
			dials.Add(1)
			conn, err := (&net.Dialer{}).DialContext(ctx, network, addr)
			if err != nil {
				return nil, err
			}
			return deadConn{conn}, nil
		}
		back := &backend{answer: status(200)}
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		r := newRig(t, Endpoint{URL: "http://" + l.Addr().String(), Timeout: 2 * time.Second}, back, dial)
		defer r.Close()
		if o := r.deliver(event(protocol.Connect, "c1", 0)); o.Verdict != protocol.Unavailable || o.OwesClose || dials.Load() == 0 {
			t.Errorf("outcome %+v after %d dials", o, dials.Load())
		}
	})
}

// deadConn takes no byte.
type deadConn struct{ net.Conn }

func (deadConn) Write([]byte) (int, error) { return 0, net.ErrClosed }
