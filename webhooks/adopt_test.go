package webhooks

import (
	"context"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"gatepost/protocol"
)

// What one node has in its outbox and among its dead letters goes on at another as if
// it had always been there.
func TestAdoptWhatAnotherNodeKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		answer := func(w http.ResponseWriter, g got) {
			if g.event.ID == protocol.EventID("bad", 1) {
				w.WriteHeader(422)
				return
			}
			w.WriteHeader(503)
		}
		left := newHouse(t, Endpoint{}, answer)
		o := newOutcomes()
		ctx, drain := context.WithCancel(t.Context())
		r := left.open()
		o.deliver(ctx, r, event(protocol.Close, "c1", 7))
		o.deliver(ctx, r, event(protocol.Inbound, "bad", 1))
		time.Sleep(10 * time.Second)
		drain()
		o.all.Wait()
		r.Close()

		heir := newHouse(t, Endpoint{}, status(200))
		h := heir.open()
		letters, kept := 0, []*KeptEvent{}
		for _, key := range left.keys("") {
			value, _ := left.Get(t.Context(), key)
			if key[:2] == LetterPrefix {
				letters++
				if _, err := h.AdoptLetter(key, value); err != nil {
					t.Error(err)
				}
				continue
			}
			k, commit, err := h.AdoptEvent(key, value)
			if err != nil || commit.Wait(t.Context()) != nil {
				t.Fatal(err)
			}
			kept = append(kept, k)
		}
		if letters != 1 || len(kept) != 1 || !slices.Equal(left.keys(""), heir.keys("")) {
			t.Fatalf("%d letters, %d events; %v", letters, len(kept), heir.keys(""))
		}
		if out := h.Redeliver(t.Context(), kept[0]); out.Verdict != protocol.Delivered {
			t.Errorf("%+v", out)
		} else {
			out.Finish()
		}
		if got := heir.back.requests()[0]; got.event.ID != protocol.CloseEventID("c1") || got.header.Get("gatepost-attempt") == "1" {
			t.Errorf("%s, attempt %s", got.event.ID, got.header.Get("gatepost-attempt"))
		}
		if l, err := h.DeadLetter(t.Context(), protocol.EventID("bad", 1)); err != nil || l == nil {
			t.Errorf("the letter: %v", err)
		}
		if n, err := h.Replay(t.Context(), protocol.Replay{All: true}); n != 1 || err != nil {
			t.Errorf("%d, %v", n, err)
		}
		time.Sleep(time.Second)
		if rest := heir.keys(""); len(rest) != 0 {
			t.Errorf("%v is left", rest)
		}
	})
}

// An event that is a dead letter too isn't taken for one to deliver; nonsense is
// refused, and so is everything where nothing is kept.
func TestAdoptNothing(t *testing.T) {
	h := newHouse(t, Endpoint{}, status(422))
	r := h.open()
	ev := event(protocol.Inbound, "c1", 1)
	r.deliver(ev)
	k, commit, err := r.AdoptEvent(OutboxPrefix+ev.ID, []byte("{}\n{}"))
	if k != nil || err != nil || commit.Wait(t.Context()) != nil {
		t.Errorf("%v, %v", k, err)
	}
	for _, nonsense := range []string{"", "x", "{}\nx", "{\n{}", "{}\n{}"} {
		if _, _, err := r.AdoptEvent("e/evt_x_1", []byte(nonsense)); err == nil {
			t.Errorf("%q is an event", nonsense)
		}
	}
	if _, err := r.AdoptLetter("d/evt_x_1", []byte("x")); err == nil {
		t.Error("nonsense is a letter")
	}
	bare := onLoopback(t, Endpoint{}, status(200))
	if _, _, err := bare.AdoptEvent("e/evt_x_1", nil); err == nil {
		t.Error("an event is kept nowhere")
	}
	if _, err := bare.AdoptLetter("d/evt_x_1", nil); err == nil {
		t.Error("a letter is kept nowhere")
	}
}
