package webhooks

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"gatepost/protocol"
	"gatepost/test/counted"
)

// A letter that is too large for the Keeper is kept without the answers to its
// attempts, or without its contents: it isn't tried again for ever.
func TestLettersThatAreTooLargeAreCut(t *testing.T) {
	for _, tt := range []struct {
		name         string
		largest      int
		answers, cut bool
	}{
		{"whole", 4000, true, false},
		{"without answers", 3000, false, false},
		{"without contents", 1500, false, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHouse(t, Endpoint{}, body(410, strings.Repeat("a", 1000)))
				h.largest = tt.largest
				r := h.open()
				ev := event(protocol.Inbound, "c1", 1)
				ev.Data.Message.Payload = []byte(strings.Repeat("x", 1500))
				r.deliver(ev)
				puts := h.puts
				time.Sleep(time.Minute)
				if h.puts != puts {
					t.Errorf("written %d times again", h.puts-puts)
				}
				r.Close()
				l, err := h.open().DeadLetter(t.Context(), ev.ID)
				if err != nil {
					t.Fatal(err)
				}
				if l.Cut != tt.cut || (l.Attempts[0].Answer != "") != tt.answers || strings.Contains(string(l.Event), "xxx") == tt.cut || l.Attempts[0].Status != 410 {
					t.Errorf("letter %+v", l)
				}
			})
		})
	}
}

func TestDeadLettersSurviveARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mended atomic.Bool
		h := newHouse(t, Endpoint{Headers: map[string]string{"X-Key": "hush"}}, func(w http.ResponseWriter, _ got) {
			if !mended.Load() {
				w.WriteHeader(410)
				_, _ = w.Write([]byte("no such room: " + strings.Repeat("é", 2000)))
			}
		})
		r := h.open()
		for i := range 3 {
			client := fmt.Sprint("c", i)
			r.deliver(event(protocol.Close, client, 12))
			r.deliver(event(protocol.Inbound, client, 11))
			r.deliver(event(protocol.Inbound, client, 2))
			time.Sleep(time.Second)
		}
		before, _, _ := r.Dead(t.Context(), protocol.Page{})
		whole, err := r.DeadLetter(t.Context(), "evt_c1_11")
		if err != nil {
			t.Fatal(err)
		}
		if l, _ := r.letters.entry("evt_c1_11"); l.letter != nil {
			t.Error("a letter that is kept is in memory as well")
		}
		r.Close()

		r = h.open()
		after, _, err := r.Dead(t.Context(), protocol.Page{})
		if asJSON(t, after) != asJSON(t, before) || err != nil || len(after) != 9 {
			t.Errorf("listed %s, %v; want %s", asJSON(t, after), err, asJSON(t, before))
		}
		again, err := r.DeadLetter(t.Context(), "evt_c1_11")
		if asJSON(t, again) != asJSON(t, whole) || err != nil {
			t.Errorf("shown %s, %v; want %s", asJSON(t, again), err, asJSON(t, whole))
		}
		if a := again.Attempts[0]; a.Status != 410 || !strings.HasPrefix(a.Answer, "no such room: éé") || len(a.Answer) > maxAnswerBytes {
			t.Errorf("attempt %+v", a)
		}
		if again.Headers["webhook-id"] != "evt_c1_11" || again.Headers["x-key"] != struckOut || again.Headers["gatepost-attempt"] != "1" {
			t.Errorf("headers %v", again.Headers)
		}
		if strings.Contains(asJSON(t, after), "no such room") || strings.Contains(asJSON(t, after), "headers") {
			t.Error("the list has answers or headers")
		}
		if s := r.Stats()[0]; s.Dead != 9 {
			t.Errorf("%+v", s)
		}
		if err := r.Drop(t.Context(), "evt_c0_2"); err != nil {
			t.Error(err)
		}
		r.Close()

		mended.Store(true)
		r = h.open()
		sent := len(h.back.requests())
		if n, err := r.Replay(t.Context(), protocol.Replay{All: true}); n != 8 || err != nil {
			t.Errorf("replayed %d, %v", n, err)
		}
		synctest.Wait()
		byClient := map[string]string{}
		for _, g := range h.back.requests()[sent:] {
			byClient[g.event.Data.ClientID] += g.header.Get("webhook-id") + " "
			if string(g.body) != string(firstOf(h.back.requests(), g.event.ID).body) {
				t.Errorf("%s was replayed with other bytes", g.event.ID)
			}
		}
		if got, want := fmt.Sprint(byClient), "map[c0:evt_c0_11 evt_c0_close  c1:evt_c1_2 evt_c1_11 evt_c1_close  c2:evt_c2_2 evt_c2_11 evt_c2_close ]"; got != want {
			t.Errorf("replayed %s, want %s", got, want)
		}
		if left := h.keys(""); len(left) != 0 {
			t.Errorf("%v are left", left)
		}
	})
}

func firstOf(requests []got, id string) got {
	for _, g := range requests {
		if g.event.ID == id {
			return g
		}
	}
	return got{}
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// The bounds hold on disk too: a quarter of the outbox's.
func TestKeptLettersAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const most = 1 << 20
		h := newHouse(t, Endpoint{}, status(400), func(c *Config) { c.OutboxMax = 4 * most })
		r := h.open()
		for i := range 100 {
			ev := from(event(protocol.Inbound, fmt.Sprint("c", i), 1), fmt.Sprint("192.0.2.", i), "")
			ev.Data.Message.Payload = []byte(strings.Repeat("x", 30<<10))
			r.deliver(ev)
			time.Sleep(time.Second)
		}
		n, bytes := h.Size(LetterPrefix)
		if bytes > most || n < 25 || n != r.Stats()[0].Dead || counted.Of(t, r.reg, "gatepost_webhook_dead_letters_evicted_total").Sum() != float64(100-n) {
			t.Errorf("%d letters, %d bytes", n, bytes)
		}
		if _, err := r.DeadLetter(t.Context(), "evt_c0_1"); err == nil || !strings.Contains(r.log.String(), "there is no room for more dead letters") {
			t.Errorf("the oldest is still there: %v", err)
		}
		r.Close()
		time.Sleep(letterLife)
		r = h.open()
		if letters, _, _ := r.Dead(t.Context(), protocol.Page{}); len(letters) != 0 || len(h.keys("")) != 0 {
			t.Errorf("%d letters after 14 days", len(letters))
		}
	})
}

// An event whose letter can't be written stays in the outbox, so that no crash
// loses it; once it can, it is only a letter.
func TestLetterThatCanNotBeKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, Endpoint{}, nil)
		r := h.open()
		h.back.answer = func(w http.ResponseWriter, _ got) {
			h.refuse(errDiskFull)
			w.WriteHeader(400)
		}
		if o := r.deliver(event(protocol.Close, "c1", 1)); o.Verdict != protocol.Dead {
			t.Errorf("outcome %+v", o)
		}
		if got := fmt.Sprint(h.keys("")); got != "[e/evt_c1_close]" {
			t.Errorf("kept %s", got)
		}
		if l, err := r.DeadLetter(t.Context(), "evt_c1_close"); err != nil || l.Reason != Rejected {
			t.Errorf("letter %+v, %v", l, err)
		}
		h.refuse(nil)
		time.Sleep(writeAgainAfter)
		synctest.Wait()
		if got := fmt.Sprint(h.keys("")); got != "[d/evt_c1_close]" {
			t.Errorf("kept %s", got)
		}
	})
}

// A crash may come between the writing of a letter and the tidying of the outbox.
func TestLetterAndEventAfterACrash(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, Endpoint{}, status(400))
		r := h.open()
		r.deliver(event(protocol.Close, "c1", 1))
		r.Close()
		record, err := joinRecord(outboxRecord{Version: recordVersion, Endpoint: "main"}, []byte(`{"id":"evt_c1_close","data":{"client_id":"c1"}}`))
		if err != nil {
			t.Fatal(err)
		}
		h.Put(OutboxPrefix+"evt_c1_close", record)
		r = h.open()
		if kept, err := r.KeptEvents(); len(kept) != 0 || err != nil || len(h.keys(OutboxPrefix)) != 0 {
			t.Errorf("%v, %v", kept, err)
		}
	})
}

func TestUnreadableLetters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, Endpoint{}, status(400))
		r := h.open()
		r.deliver(event(protocol.Close, "c1", 1))
		h.refuse(errDiskFull)
		_, err := r.DeadLetter(t.Context(), "evt_c1_close")
		_, _, listed := r.Dead(t.Context(), protocol.Page{})
		for _, err := range []error{err, listed} {
			var p *protocol.Problem
			if !errors.As(err, &p) || p.Status != 503 || strings.Contains(p.Error(), "disk") {
				t.Errorf("%v", err)
			}
		}
		if n, err := r.Replay(t.Context(), protocol.Replay{All: true}); n != 1 || err != nil {
			t.Errorf("%d, %v", n, err)
		}
		synctest.Wait()
		h.refuse(nil)
		if _, err := r.DeadLetter(t.Context(), "evt_c1_close"); err != nil {
			t.Errorf("it is gone: %v", err)
		}
		r.Close()
		h.Put(LetterPrefix+"evt_broken", []byte("?"))
		r = h.open()
		if r.Stats()[0].Dead != 1 || !strings.Contains(r.log.String(), "evt_broken") {
			t.Errorf("%+v: %s", r.Stats(), r.log)
		}
	})
}
