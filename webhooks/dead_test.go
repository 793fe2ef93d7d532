package webhooks

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"gatepost/protocol"
)

func TestDeadLettersArePaged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := inBubble(t, Endpoint{}, status(400))
		var want []string
		for i := range 25 {
			ev := event(protocol.Inbound, fmt.Sprintf("c%02d", (i*7)%25), 1)
			want = append(want, ev.ID)
			r.deliver(ev)
			time.Sleep(time.Second)
		}
		var ids []string
		for p := (protocol.Page{Limit: 10}); ; {
			letters, cursor, err := r.Dead(t.Context(), p)
			if err != nil || len(letters) > 10 {
				t.Fatalf("%d letters, %v", len(letters), err)
			}
			for _, l := range letters {
				ids = append(ids, l.ID)
				if l.Event != nil {
					t.Error("a list has bodies")
				}
				if l.Key <= p.Cursor || cursor != "" && l.Key > cursor {
					t.Errorf("the key %q is not between the cursors %q and %q", l.Key, p.Cursor, cursor)
				}
			}
			if cursor == "" {
				break
			}
			p.Cursor = cursor
			_ = r.Drop(t.Context(), want[0]) // what is gone meanwhile disturbs nobody
		}
		if fmt.Sprint(ids) != fmt.Sprint(want) {
			t.Errorf("listed %v, want %v", ids, want)
		}
		if have := r.Have([]string{want[3], want[0], "evt_none"}); fmt.Sprint(have) != fmt.Sprint(want[3:4]) {
			t.Errorf("there are %v, want %v", have, want[3:4])
		}
	})
}

func TestDeadLetterAsJSON(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := inBubble(t, Endpoint{}, status(410))
		ev := event(protocol.Close, "c1", 4)
		r.deliver(ev)
		l, err := r.DeadLetter(t.Context(), ev.ID)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := json.Marshal(l)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{`"id":"evt_c1_close"`, `"type":"close"`, `"client_id":"c1"`, `"endpoint":"main"`, `"died_at":"2000-01-01T`,
			`"attempts":[{"at":"2000-01-01T00:00:00.000Z","status":410,"error":""}]`, `"event":{"type":"close","id":"evt_c1_close"`} {
			if !strings.Contains(string(raw), want) {
				t.Errorf("%s is missing in %s", want, raw)
			}
		}
		if err := r.Drop(t.Context(), ev.ID); err != nil {
			t.Error(err)
		}
		for _, err := range []error{r.Drop(t.Context(), ev.ID), second(r.DeadLetter(t.Context(), ev.ID)), second(r.Replay(t.Context(), protocol.Replay{IDs: []string{ev.ID}}))} {
			var p *protocol.Problem
			if !errors.As(err, &p) || p.Status != 404 || p.Code != protocol.CodeNotFound || !strings.Contains(p.Detail, ev.ID) {
				t.Errorf("after it was dropped: %v", err)
			}
		}
	})
}

func second[T any](_ T, err error) error { return err }

func TestReplay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		mended, twice := false, make(chan struct{}) // closed once all were asked for twice
		r := inBubble(t, Endpoint{}, func(w http.ResponseWriter, g got) {
			mu.Lock()
			well := mended
			mu.Unlock()
			if well && g.event.Data.ClientID == "c2" {
				<-twice // else it may be a dead letter again before the second call
			}
			if !well || g.event.Data.ClientID == "c2" {
				w.WriteHeader(400)
				return
			}
			_, _ = io.WriteString(w, `{"actions":[]}`)
		}, func(c *Config) { c.MessageTTL = time.Minute })
		var carried []string
		r.SetCarry(func(ev *protocol.Event, reply *protocol.Reply) {
			mu.Lock()
			defer mu.Unlock()
			if reply == nil {
				t.Error("no reply")
			}
			carried = append(carried, ev.ID)
		})
		// The close dies first, and the messages in any order.
		r.deliver(event(protocol.Close, "c1", 12))
		for _, seq := range rand.Perm(11) {
			r.deliver(event(protocol.Inbound, "c1", uint64(seq)))
		}
		r.deliver(event(protocol.Inbound, "c2", 1))
		time.Sleep(time.Hour) // longer than a message lives: a replay is asked for
		mu.Lock()
		mended = true
		mu.Unlock()

		if n, err := r.Replay(t.Context(), protocol.Replay{IDs: []string{"evt_c1_0", "evt_nobody"}}); n != 0 || err == nil {
			t.Errorf("an unknown id: %d, %v", n, err)
		}
		before := len(r.back.requests())
		if n, err := r.Replay(t.Context(), protocol.Replay{All: true}); n != 13 || err != nil {
			t.Errorf("replayed %d, %v", n, err)
		}
		if n, _ := r.Replay(t.Context(), protocol.Replay{All: true}); n != 0 {
			t.Errorf("%d were begun twice", n)
		}
		close(twice)
		synctest.Wait()
		var want []string
		for seq := range uint64(11) {
			want = append(want, protocol.EventID("c1", seq))
		}
		want = append(want, protocol.CloseEventID("c1"))
		mu.Lock()
		if fmt.Sprint(carried) != fmt.Sprint(want) {
			t.Errorf("carried %v, want %v", carried, want)
		}
		mu.Unlock()
		for _, g := range r.back.requests()[before:] {
			if g.header.Get("gatepost-attempt") != "2" {
				t.Errorf("attempt %s", g.header.Get("gatepost-attempt"))
			}
		}
		letters, _, _ := r.Dead(t.Context(), protocol.Page{})
		if len(letters) != 1 || letters[0].ClientID != "c2" || len(letters[0].Attempts) != 2 {
			t.Errorf("letters %+v", letters)
		}
	})
}

func TestLettersInMemoryAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		evicted := 0
		m := newLetters(Config{}, discard(), func(string) { evicted++ })
		keep := func(id string, bytes int) {
			time.Sleep(time.Millisecond)
			m.keep(&letter{event: &protocol.Event{ID: id}, endpoint: "e", body: make([]byte, bytes), diedAt: time.Now()})
		}
		for i := range maxLetters + 5 {
			keep(fmt.Sprintf("n%06d", i), 10)
		}
		if m.count("e") != maxLetters || evicted != 5 {
			t.Errorf("%d kept, %d evicted", m.count("e"), evicted)
		}
		if m.has("n000004") {
			t.Error("the oldest is still there")
		}
		for i := range 100 {
			keep(fmt.Sprint("big", i), 1<<20)
		}
		if m.bytes > maxLetterBytes {
			t.Errorf("%d bytes", m.bytes)
		}
		keep("huge", 2*maxLetterBytes)
		if n := m.count("e"); n != 1 {
			t.Errorf("%d beside one that is larger than all may be", n)
		}
		time.Sleep(letterLife + time.Second)
		if m.has("huge") || m.count("e") != 0 || m.bytes != 0 || len(m.byID) != 0 {
			t.Errorf("after 14 days: %d, %d bytes", m.count("e"), m.bytes)
		}
	})
}

// One address whose messages nobody takes fills what room there is and a quarter,
// not the place of everybody else's letters.
func TestOneAddressLeavesOthersTheirLetters(t *testing.T) {
	t.Parallel()
	m := newLetters(Config{}, discard(), func(string) {})
	at := time.Now()
	keep := func(i int, addr string, bytes int) {
		at = at.Add(time.Microsecond)
		m.keep(&letter{event: &protocol.Event{ID: fmt.Sprint(addr, " ", i), Data: protocol.EventData{RemoteAddr: addr}},
			endpoint: addr, body: make([]byte, bytes), diedAt: at})
	}
	const others = maxLetters / 2
	for i := range others {
		keep(i, fmt.Sprint("198.51.100.", i%200), 10)
	}
	for i := range 3 * maxLetters {
		keep(i, "203.0.113.1", 10)
	}
	if n := m.count("203.0.113.1"); n != maxLetters-others {
		t.Errorf("%d of the one, %d of all", n, len(m.order))
	}
	for i := range 200 { // each as large as can be
		keep(i, "2001:db8::"+fmt.Sprintf("%x", i), maxLetterBytes/20)
	}
	if n := m.count("198.51.100.7"); n != others/200 {
		t.Errorf("%d are left of another's %d", n, others/200)
	}
	if m.bytes > maxLetterBytes || len(m.order) > maxLetters {
		t.Errorf("%d letters, %d bytes", len(m.order), m.bytes)
	}
}

func TestLetterRemembersItsLastAttempts(t *testing.T) {
	m := newLetters(Config{}, discard(), func(string) {})
	m.keep(&letter{event: &protocol.Event{ID: "a"}, diedAt: time.Now()})
	for i := range 60 {
		persist, _ := m.retried("a", []Attempt{{Status: i}})
		persist()
	}
	m.keep(&letter{event: &protocol.Event{ID: "a"}, attempts: []Attempt{{Status: 60}}, diedAt: time.Now()})
	if _, ok := m.retried("b", []Attempt{{}}); ok {
		t.Error("there is no b")
	}
	l, _ := m.find(t.Context(), "a")
	if n := len(l.attempts); n != maxAttempts || l.attempts[n-1].Status != 60 || m.count("") != 1 {
		t.Errorf("%d attempts, %d letters", n, m.count(""))
	}
}

func TestCloseDoesNotWaitForeverForACarry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stop := make(chan struct{})
		r := inBubble(t, Endpoint{}, status(400, 200))
		r.SetCarry(func(*protocol.Event, *protocol.Reply) { <-stop })
		r.deliver(event(protocol.Inbound, "c1", 1))
		_, _ = r.Replay(t.Context(), protocol.Replay{All: true})
		synctest.Wait()
		began := time.Now()
		r.Close()
		if took := time.Since(began); took != closeGrace+time.Second {
			t.Errorf("Close took %v", took)
		}
		close(stop)
		synctest.Wait()
	})
}

// Of one client the letters are sent again one after the other, in order, whatever
// number of calls they were named in.
func TestReplaysOfOneClientAreOneRow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := inBubble(t, Endpoint{}, func(http.ResponseWriter, got) { time.Sleep(3 * time.Second) })
		for seq := range uint64(4) {
			r.letters.keep(&letter{event: event(protocol.Inbound, "c1", seq), endpoint: "main", diedAt: time.Now()})
		}
		for _, call := range []protocol.Replay{{IDs: []string{"evt_c1_0"}}, {IDs: []string{"evt_c1_3"}}, {All: true}} {
			if _, err := r.Replay(t.Context(), call); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		time.Sleep(time.Minute)
		var sent []string
		for _, g := range r.back.requests() {
			sent = append(sent, g.header.Get("webhook-id"))
		}
		if got := fmt.Sprint(sent, gaps(r.back.requests())); got != "[evt_c1_0 evt_c1_1 evt_c1_2 evt_c1_3] [3s 3s 3s]" {
			t.Error(got)
		}
		if n := r.letters.count("main"); n != 0 {
			t.Errorf("%d letters are left", n)
		}
	})
}

// A backend that asks for an hour's patience with some clients doesn't hold up the
// letters of others, and those that it turned down can be replayed again.
func TestReplayDoesNotWaitOutALongRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const clients = 3 * replaysAtOnce
		var calls atomic.Int32
		r := inBubble(t, Endpoint{}, func(w http.ResponseWriter, _ got) {
			if calls.Add(1) <= replaysAtOnce {
				w.Header().Set("Retry-After", "3600")
				w.WriteHeader(503)
			}
		})
		for i := range clients {
			r.letters.keep(&letter{event: event(protocol.Inbound, fmt.Sprint("c", i), 1), endpoint: "main", diedAt: time.Now()})
		}
		for _, left := range []int{replaysAtOnce, 0} {
			if _, err := r.Replay(t.Context(), protocol.Replay{All: true}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Minute)
			if n := r.letters.count("main"); n != left {
				t.Errorf("%d letters are left after a minute, want %d", n, left)
			}
		}
	})
}

// Letters of an endpoint that is still down, or asks for an hour's patience, don't
// hold up those of another.
func TestReplayAtOneEndpointWaitsForNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := inBubble(t, Endpoint{Name: "down", Path: "/down"}, func(w http.ResponseWriter, g got) {
			if g.header.Get("X-Test-Uri") == "/hook" {
				w.Header().Set("Retry-After", "3600")
				w.WriteHeader(503)
			}
		}, func(c *Config) {
			up := c.Endpoints[0]
			up.Name, up.Path, up.URL = "up", "", "http://backend.test/up"
			c.Endpoints = append(c.Endpoints, up)
		})
		for i := range 3 * replaysAtOnce {
			ev := event(protocol.Inbound, fmt.Sprint("c", i), 1)
			r.letters.keep(&letter{event: ev, endpoint: "down", diedAt: time.Now()})
		}
		for i := range 3 * replaysAtOnce {
			ev := event(protocol.Close, fmt.Sprint("d", i), 2)
			r.letters.keep(&letter{event: ev, endpoint: "up", diedAt: time.Now()})
		}
		if n, err := r.Replay(t.Context(), protocol.Replay{All: true}); n != 6*replaysAtOnce || err != nil {
			t.Fatalf("replayed %d, %v", n, err)
		}
		time.Sleep(time.Minute)
		if n := r.letters.count("up"); n > 0 {
			t.Errorf("%d letters of the endpoint that is up are left after a minute", n)
		}
	})
}
