package webhooks

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"gatepost/protocol"
)

func TestRequestIsSignedByTheContract(t *testing.T) {
	first, second := newKey(t, 1), newKey(t, 2)
	r := onLoopback(t, Endpoint{Signer: keys{first, second}, Headers: map[string]string{"x-shop": "7", "authorization": "Bearer b"}}, status(503, 200))
	trace := "0af7651916cd43dd8448eb211c80319c"
	ev := event(protocol.Inbound, "c1", 7)
	if o := r.Deliver(t.Context(), "/ws", trace, ev); o.Verdict != protocol.Delivered {
		t.Fatalf("outcome %+v", o)
	}
	requests := r.back.requests()
	if len(requests) != 2 {
		t.Fatalf("%d attempts, want 2", len(requests))
	}
	spans := map[string]bool{}
	for i, g := range requests {
		for _, key := range []interface {
			Verify([]byte, http.Header) error
		}{first, second} {
			if err := key.Verify(g.body, g.header); err != nil {
				t.Errorf("attempt %d: %v", i+1, err)
			}
		}
		for name, want := range map[string]string{
			"content-type": "application/json", "webhook-id": ev.ID, "gatepost-event": "message",
			"gatepost-attempt": strconv.Itoa(i + 1), "user-agent": "gatepost/1.2.3", "x-shop": "7", "authorization": "Bearer b",
		} {
			if got := g.header.Get(name); got != want {
				t.Errorf("attempt %d: %s is %q, want %q", i+1, name, got, want)
			}
		}
		parts := strings.Split(g.header.Get("traceparent"), "-")
		if len(parts) != 4 || parts[0] != "00" || parts[1] != trace || len(parts[2]) != 16 || parts[3] != "01" {
			t.Errorf("traceparent %q", g.header.Get("traceparent"))
		} else {
			spans[parts[2]] = true
		}
		if !strings.Contains(string(g.body), `"seq":7`) {
			t.Errorf("body %s", g.body)
		}
	}
	if string(requests[0].body) != string(requests[1].body) || len(spans) != 2 {
		t.Errorf("bodies differ or spans repeat: %v", spans)
	}
}

// A signature is made when the attempt begins, since receivers take none that is
// older than five minutes.
func TestEachAttemptIsSignedAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := inBubble(t, Endpoint{}, func(w http.ResponseWriter, g got) {
			if g.header.Get("gatepost-attempt") == "1" {
				w.Header().Set("Retry-After", "600")
				w.WriteHeader(503)
			}
		})
		r.deliver(event(protocol.Inbound, "c1", 1))
		for i, g := range r.back.requests() {
			if got, want := g.header.Get("webhook-timestamp"), strconv.FormatInt(g.at.Unix(), 10); got != want {
				t.Errorf("attempt %d: webhook-timestamp %s, want %s", i+1, got, want)
			}
		}
	})
}

func TestQuickTries(t *testing.T) {
	tests := []struct {
		typ      protocol.EventType
		codes    []int
		verdict  protocol.Verdict
		attempts int
		reason   Reason
	}{
		{protocol.Inbound, []int{200}, protocol.Delivered, 1, ""},
		{protocol.Inbound, []int{503, 500, 502, 429, 204}, protocol.Delivered, 5, ""},
		{protocol.Inbound, []int{503}, protocol.Dead, 5, Exhausted},
		{protocol.Close, []int{408, 425, 504, 200}, protocol.Delivered, 4, ""},
		{protocol.Close, []int{400}, protocol.Dead, 1, Rejected},
		{protocol.Inbound, []int{501}, protocol.Dead, 1, Rejected},
		{protocol.Inbound, []int{503, 302}, protocol.Dead, 2, Rejected},
		{protocol.Connect, []int{500, 501, 200}, protocol.Delivered, 3, ""},
		{protocol.Connect, []int{500}, protocol.Unavailable, 5, ""},
		{protocol.Connect, []int{429}, protocol.Refused, 1, ""},
		{protocol.Connect, []int{503, 403}, protocol.Refused, 2, ""},
		{protocol.Connect, []int{301}, protocol.Unavailable, 1, ""},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprint(tt.typ, tt.codes), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := inBubble(t, Endpoint{}, status(tt.codes...))
				began := time.Now()
				o := r.deliver(event(tt.typ, "c1", 1))
				requests := r.back.requests()
				if o.Verdict != tt.verdict || len(requests) != tt.attempts {
					t.Fatalf("verdict %v after %d attempts, want %v after %d", o.Verdict, len(requests), tt.verdict, tt.attempts)
				}
				shortest := firstPause * (1<<(tt.attempts-1) - 1)
				if took := time.Since(began); took < shortest || took > shortest*3/2+time.Second {
					t.Errorf("took %v, want %v and up to half as much more", took, shortest)
				}
				letters, _, _ := r.Dead(t.Context(), protocol.Page{})
				switch {
				case tt.reason == "" && len(letters) != 0:
					t.Errorf("letters %+v", letters)
				case tt.reason != "" && (len(letters) != 1 || letters[0].Reason != tt.reason || len(letters[0].Attempts) != tt.attempts):
					t.Errorf("letters %+v, want one for %s with %d attempts", letters, tt.reason, tt.attempts)
				}
			})
		})
	}
}

func TestRetryAfterIsHonoured(t *testing.T) {
	tests := []struct {
		value    string
		min, max time.Duration
	}{
		{"0", 0, time.Millisecond},
		{"60", time.Minute, time.Minute + time.Millisecond},
		{"7200", time.Hour, time.Hour + time.Millisecond},
		{"-5", firstPause, firstPause * 2},
		{"99999999999999999999", time.Hour, time.Hour + time.Millisecond},
	}
	for _, tt := range tests {
		t.Run(tt.value, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := inBubble(t, Endpoint{}, func(w http.ResponseWriter, g got) {
					if g.header.Get("gatepost-attempt") == "1" {
						w.Header().Set("Retry-After", tt.value)
						w.WriteHeader(429)
					}
				}, func(c *Config) { c.MessageTTL = 24 * time.Hour })
				r.deliver(event(protocol.Inbound, "c1", 1))
				g := r.back.requests()
				if len(g) != 2 {
					t.Fatalf("%d attempts", len(g))
				}
				if wait := g[1].at.Sub(g[0].at); wait < tt.min || wait > tt.max {
					t.Errorf("waited %v, want %v to %v", wait, tt.min, tt.max)
				}
			})
		})
	}
}

func TestTimeoutCoversTheBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stop := make(chan struct{})
		r := inBubble(t, Endpoint{Timeout: time.Second}, func(w http.ResponseWriter, g got) {
			w.WriteHeader(200)
			_, _ = w.Write([]byte("{"))
			w.(http.Flusher).Flush()
			<-stop
		})
		began := time.Now()
		o := r.deliver(event(protocol.Inbound, "c1", 1))
		close(stop)
		if took := time.Since(began); o.Verdict != protocol.Dead || took > 10*time.Second {
			t.Errorf("verdict %v after %v", o.Verdict, took)
		}
		l, _, _ := r.Dead(t.Context(), protocol.Page{})
		if len(l) != 1 || len(l[0].Attempts) != 5 || !strings.Contains(l[0].Attempts[0].Error, "no complete answer within 1s") {
			t.Errorf("letters %+v", l)
		}
	})
}

func TestMessageOlderThanItsTTLIsTriedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := inBubble(t, Endpoint{}, status(503, 200), func(c *Config) { c.MessageTTL = time.Minute })
		old, oldClose := event(protocol.Inbound, "c1", 1), event(protocol.Close, "c2", 1)
		time.Sleep(2 * time.Minute)
		if o := r.deliver(old); o.Verdict != protocol.Dead {
			t.Errorf("verdict %v", o.Verdict)
		}
		if o := r.deliver(oldClose); o.Verdict != protocol.Delivered {
			t.Errorf("a close never gets too old: %v", o.Verdict)
		}
		l, _ := r.DeadLetter(t.Context(), old.ID)
		if l == nil || l.Reason != Expired || len(l.Attempts) != 1 || len(r.back.requests()) != 2 {
			t.Errorf("letter %+v, %d requests", l, len(r.back.requests()))
		}
		if s := r.Stats()[0]; s.InFlight != 0 {
			t.Errorf("its slot is still held: %+v", s)
		}
	})
}

// What the caller's end of interest may and may not do.
func TestCancelledDelivery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		answer := make(chan int)
		r := inBubble(t, Endpoint{Concurrency: 1}, func(w http.ResponseWriter, _ got) { w.WriteHeader(<-answer) })
		ctx, cancel := context.WithCancel(t.Context())
		first, second := make(chan protocol.Outcome, 1), make(chan protocol.Outcome, 1)
		go func() { first <- r.Deliver(ctx, "/", "", event(protocol.Connect, "c1", 0)) }()
		synctest.Wait()
		go func() { second <- r.Deliver(ctx, "/", "", event(protocol.Connect, "c2", 0)) }()
		synctest.Wait()
		cancel()
		synctest.Wait()
		if o := <-second; o.Verdict != protocol.Aborted || o.OwesClose {
			t.Errorf("cancelled while it waited for a slot: %+v", o)
		}
		select {
		case o := <-first:
			t.Fatalf("an attempt was cut off: %+v", o)
		default:
		}
		answer <- 200
		if o := <-first; o.Verdict != protocol.Delivered || !o.OwesClose {
			t.Errorf("cancelled during the attempt: %+v", o)
		}

		ctx, cancel = context.WithCancel(t.Context())
		go func() { first <- r.Deliver(ctx, "/", "", event(protocol.Connect, "c3", 0)) }()
		answer <- 503
		synctest.Wait()
		cancel()
		if o := <-first; o.Verdict != protocol.Aborted || !o.OwesClose {
			t.Errorf("cancelled between two attempts: %+v", o)
		}
	})
}

func TestCloseEndsWaitingAndKeepsEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stop := make(chan struct{})
		r := inBubble(t, Endpoint{Concurrency: 1, Timeout: time.Hour}, func(http.ResponseWriter, got) { <-stop })
		outcomes := make(chan protocol.Outcome, 2)
		for i := range 2 {
			go func() { outcomes <- r.deliver(event(protocol.Inbound, fmt.Sprint("c", i), 1)) }()
			synctest.Wait()
		}
		began := time.Now()
		r.Close()
		close(stop)
		if took := time.Since(began); took > closeGrace+time.Second {
			t.Errorf("Close took %v", took)
		}
		for range 2 {
			if o := <-outcomes; o.Verdict != protocol.Aborted {
				t.Errorf("outcome %+v", o)
			}
		}
		if o := r.deliver(event(protocol.Close, "c9", 1)); o.Verdict != protocol.Aborted {
			t.Errorf("after Close: %+v", o)
		}
		if l, _, _ := r.Dead(t.Context(), protocol.Page{}); len(l) != 3 || l[0].Reason != Stopped {
			t.Errorf("letters %+v", l)
		}
	})
}
