package webhooks

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"gatepost/protocol"
)

// An event that isn't wanted any more is given up at once and off the record, wherever
// it waits; an attempt under way counts still, and is the last.
func TestDiscardedEvents(t *testing.T) {
	for name, tt := range map[string]struct {
		answer  func(http.ResponseWriter, got)
		after   time.Duration // from the first attempt
		attempt int           // how many there are
		verdict protocol.Verdict
	}{
		"in the outbox":                {status(503), time.Minute, quickTries + 2, protocol.Discarded},
		"between quick tries":          {status(503), 10 * time.Millisecond, 1, protocol.Discarded},
		"under way, then answered":     {slowly(200), 10 * time.Millisecond, 1, protocol.Delivered},
		"under way, then failed":       {slowly(503), 10 * time.Millisecond, 1, protocol.Discarded},
		"under way, then turned down":  {slowly(410), 10 * time.Millisecond, 1, protocol.Dead},
		"before its first attempt":     {status(200), -1, 0, protocol.Discarded},
		"asked to wait by the backend": {patiently, time.Minute, 1, protocol.Discarded},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHouse(t, Endpoint{}, tt.answer, longLived, func(c *Config) { c.DurableMessages = true })
				r := h.open()
				ctx, discard := context.WithCancelCause(t.Context())
				if tt.after < 0 {
					discard(ErrDiscarded)
				} else {
					time.AfterFunc(tt.after, func() { discard(ErrDiscarded) })
				}
				begun := time.Now()
				out := r.Deliver(ctx, "/ws", "", event(protocol.Inbound, "c1", 3))
				out.Finish()
				if took := time.Since(begun); took > max(tt.after, 0)+slowness {
					t.Errorf("it took %v", took)
				}
				if n := len(h.back.requests()); out.Verdict != tt.verdict || n != tt.attempt {
					t.Errorf("verdict %v after %d attempts, want %v after %d", out.Verdict, n, tt.verdict, tt.attempt)
				}
				if left := h.keys(OutboxPrefix); len(left) != 0 {
					t.Errorf("%v is left", left)
				}
				if dead := len(h.keys(LetterPrefix)); (dead == 1) != (tt.verdict == protocol.Dead) {
					t.Errorf("%d dead letters", dead)
				}
			})
		})
	}
}

const slowness = time.Second

// slowly answers so after a while.
func slowly(code int) func(http.ResponseWriter, got) {
	return func(w http.ResponseWriter, _ got) {
		time.Sleep(slowness)
		w.WriteHeader(code)
	}
}

// patiently asks for a long wait.
func patiently(w http.ResponseWriter, _ got) {
	w.Header().Set("Retry-After", "600")
	w.WriteHeader(429)
}
