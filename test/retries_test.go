package test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"gatepost/test/harness"
	"gatepost/test/wait"
)

// How often a message is tried is the answer's to say: what speaks of the message
// is tried once, a fault of the backend's own five times. Then it is a dead letter,
// and the client stays connected and is served on.
func TestHowOftenAMessageIsTried(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status, tries int
	}{
		{500, 5}, {501, 1}, {505, 1}, {400, 1}, {401, 1}, {403, 1}, {410, 1}, {302, 1}, {304, 1},
	} {
		t.Run(fmt.Sprint(c.status), func(t *testing.T) {
			t.Parallel()
			backend := harness.NewBackend(t, func(d *harness.Delivery) harness.Answer {
				if d.Event.Text() == "fail" {
					return harness.Status(c.status)
				}
				return echo(d)
			})
			node := harness.Start(t, backend.Env(nil))
			client := node.Connect(t, harness.Dial{})
			client.Send(t, "fail")
			client.Send(t, "go on")
			client.WantText(t, "go on")
			wantTries(t, backend, c.tries)
			dead := deadTries(t, node)
			if len(dead) != 1 || len(dead[0].Attempts) != c.tries || dead[0].Attempts[0].Status != c.status {
				t.Errorf("the dead letters are %+v", dead)
			}
		})
	}
}

// A message that finds the backend away is tried on after its quick tries: five
// seconds later, and as soon as the backend has taken another event. What the
// client sent behind it waits for it.
func TestHowOftenAMessageIsTriedWhileTheBackendIsAway(t *testing.T) {
	t.Parallel()
	for _, status := range []int{404, 408, 425, 429, 502, 503, 504, 521, 529} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			t.Parallel()
			away := func(d *harness.Delivery) harness.Answer {
				if d.Event.Text() == "fail" {
					return harness.Status(status)
				}
				return echo(d)
			}
			backend := harness.NewBackend(t, away)
			node := harness.Start(t, backend.Env(nil))
			client := node.Connect(t, harness.Dial{})
			client.Send(t, "fail")
			client.Send(t, "go on")
			backend.Await(t, 6, func(d *harness.Delivery) bool { return d.Event.Text() == "fail" })
			tries := wantTries(t, backend, 6)
			if waited := tries[5].At.Sub(tries[4].At); waited < 4900*time.Millisecond || waited > 9*time.Second {
				t.Errorf("the sixth try came %s after the fifth", waited)
			}
			if dead := deadTries(t, node); len(dead) != 0 {
				t.Errorf("the dead letters are %+v", dead)
			}
			if client.Waiting() != 0 {
				t.Errorf("the second message was delivered before the first")
			}
			backend.Script(echo)
			node.Connect(t, harness.Dial{})
			client.WantText(t, "fail")
			client.WantText(t, "go on")
			wantTries(t, backend, 7)
		})
	}
}

// wantTries checks that the message "fail" was tried so often, under one id and
// numbered from 1, and that its quick tries took their time.
func wantTries(t *testing.T, backend *harness.Backend, want int) []*harness.Delivery {
	t.Helper()
	tries := backend.Received(func(d *harness.Delivery) bool { return d.Event.Text() == "fail" })
	if len(tries) != want || len(distinct(tries)) != 1 {
		t.Fatalf("it was tried %d times under %d ids, want %d under one", len(tries), len(distinct(tries)), want)
	}
	for i, d := range tries {
		if d.Attempt != i+1 {
			t.Errorf("attempt %d calls itself %d", i+1, d.Attempt)
		}
	}
	if want >= 5 { // 0.2, 0.4, 0.8 and 1.6 s, jitter on top
		if took := tries[4].At.Sub(tries[0].At); took < 2900*time.Millisecond {
			t.Errorf("five tries took only %s", took)
		}
	}
	return tries
}

type deadLetter struct {
	ID       string
	ClientID string `json:"client_id"`
	Attempts []struct{ Status int }
}

// deadTries are the node's dead letters.
func deadTries(t *testing.T, node *harness.Node) []deadLetter {
	t.Helper()
	return decode[struct{ Events []deadLetter }](t, node.API(t, "admin").Want(200, "", "GET", "/events/dead?limit=10000", "").Body).Events
}

// A backend that says when to come back isn't asked before.
func TestRetryAfter(t *testing.T) {
	t.Parallel()
	backend := harness.NewBackend(t, func(d *harness.Delivery) harness.Answer {
		if d.Event.Type == "message" && d.Attempt == 1 {
			return harness.Answer{Status: 429, Header: map[string]string{"retry-after": "2"}}
		}
		return echo(d)
	})
	node := harness.Start(t, backend.Env(nil))
	c := node.Connect(t, harness.Dial{})
	c.Send(t, "hello")
	c.WantText(t, "hello")
	tries := backend.Received(harness.Of("message", c.ID))
	if waited := tries[1].At.Sub(tries[0].At); len(tries) != 2 || waited < 1900*time.Millisecond {
		t.Errorf("there were %d tries, the second %s after the first", len(tries), waited)
	}
}

// A close that a backend fails to take is tried again under the same id.
func TestCloseIsTriedAgain(t *testing.T) {
	t.Parallel()
	backend := harness.NewBackend(t, func(d *harness.Delivery) harness.Answer {
		if d.Event.Type == "close" && d.Attempt < 4 {
			return harness.Status(500)
		}
		return harness.Answer{}
	})
	node := harness.Start(t, backend.Env(nil))
	c := node.Connect(t, harness.Dial{})
	c.Leave(t, 1000, "")
	tries := backend.Await(t, 4, harness.Of("close", c.ID))
	if len(distinct(tries)) != 1 || !strings.HasPrefix(tries[0].Event.ID, "evt_"+c.ID) {
		t.Errorf("the close came under %v", distinct(tries))
	}
}

// A connect that a backend fails to answer well at first is tried again within
// one time-out, and the client gets in.
func TestConnectIsTriedAgain(t *testing.T) {
	t.Parallel()
	backend := harness.NewBackend(t, func(d *harness.Delivery) harness.Answer {
		switch {
		case d.Event.Type == "connect" && d.Attempt == 1:
			return harness.Status(503)
		case d.Event.Type == "connect" && d.Attempt == 2:
			return harness.Answer{Write: func(http.ResponseWriter) { panic(http.ErrAbortHandler) }}
		}
		return harness.Answer{}
	})
	node := harness.Start(t, backend.Env(nil))
	c := node.Connect(t, harness.Dial{})
	tries := backend.Received(harness.Of("connect", c.ID))
	var attempts []int
	for _, d := range tries {
		attempts = append(attempts, d.Attempt)
	}
	// The second was sent over a kept connection, which ended without a byte of an answer: so
	// it is sent again at once, over a new one.
	if !slices.Equal(attempts, []int{1, 2, 2, 3}) || len(distinct(tries)) != 1 {
		t.Errorf("the attempts were %v, under %v", attempts, distinct(tries))
	}
}

// A message that has waited longer than it may is tried once, and the close behind it still
// comes.
func TestMessageThatWaitedTooLong(t *testing.T) {
	t.Parallel()
	released := make(chan struct{})
	backend := harness.NewBackend(t, func(d *harness.Delivery) harness.Answer {
		if d.Event.Text() == "hang" {
			<-released
		}
		if d.Event.Text() == "too late" {
			return harness.Status(503)
		}
		return echo(d)
	})
	node := harness.Start(t, backend.Env(harness.Env{"GATEPOST_MESSAGE_TTL": "1s"}))
	c := node.Connect(t, harness.Dial{})
	c.Send(t, "hang")
	c.Send(t, "too late")
	backend.Await(t, 1, harness.Of("message", c.ID))
	sent := time.Now()
	wait.For(t, "the second message has waited too long", func() bool { return time.Since(sent) > 1500*time.Millisecond })
	close(released)
	c.WantText(t, "hang")
	c.Leave(t, 1000, "")
	if ev := backend.AwaitOne(t, "close", c.ID); ev.Data.Seq != 3 {
		t.Errorf("the close has seq %d", ev.Data.Seq)
	}
	if n := len(backend.Received(harness.Of("message", c.ID))); n != 2 {
		t.Errorf("%d messages were sent", n)
	}
	if list := string(node.API(t, "admin").Do("GET", "/events/dead", "").Body); strings.Count(list, `"reason":"expired"`) != 1 {
		t.Errorf("the dead letters are %s", list)
	}
}
