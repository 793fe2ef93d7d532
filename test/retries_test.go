package test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"gatepost/test/harness"
)

// How often a message is tried is the answer's to say: what may pass is tried five
// times, the rest once. Then it is a dead letter, and the client stays connected
// and is served on.
func TestHowOftenAMessageIsTried(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status, tries int
	}{
		{500, 5}, {502, 5}, {503, 5}, {504, 5}, {429, 5}, {408, 5}, {425, 5},
		{501, 1}, {505, 1}, {400, 1}, {401, 1}, {404, 1}, {410, 1}, {302, 1}, {304, 1},
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
			tries := backend.Received(func(d *harness.Delivery) bool { return d.Event.Text() == "fail" })
			if len(tries) != c.tries || len(distinct(tries)) != 1 {
				t.Errorf("it was tried %d times under %d ids, want %d under one", len(tries), len(distinct(tries)), c.tries)
			}
			for i, d := range tries {
				if d.Attempt != i+1 {
					t.Errorf("attempt %d calls itself %d", i+1, d.Attempt)
				}
			}
			if c.tries == 5 { // 0.2, 0.4, 0.8 and 1.6 s, jitter on top
				if took := tries[4].At.Sub(tries[0].At); took < 2900*time.Millisecond {
					t.Errorf("five tries took only %s", took)
				}
			}
			dead := decode[struct {
				Events []struct{ Attempts []struct{ Status int } }
			}](t, node.API(t, "admin").Want(200, "", "GET", "/events/dead", "").Body).Events
			if len(dead) != 1 || len(dead[0].Attempts) != c.tries || dead[0].Attempts[0].Status != c.status {
				t.Errorf("the dead letters are %+v", dead)
			}
		})
	}
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
	if tries := backend.Received(harness.Of("connect", c.ID)); len(tries) != 3 || len(distinct(tries)) != 1 {
		t.Errorf("there were %d tries under %v", len(tries), distinct(tries))
	}
}

// A message that has waited longer than it may is a dead letter without another
// try, and the close behind it still comes.
func TestMessageThatWaitedTooLong(t *testing.T) {
	t.Parallel()
	released := make(chan struct{})
	backend := harness.NewBackend(t, func(d *harness.Delivery) harness.Answer {
		if d.Event.Text() == "hang" {
			<-released
		}
		return echo(d)
	})
	node := harness.Start(t, backend.Env(harness.Env{"GATEPOST_MESSAGE_TTL": "1s"}))
	c := node.Connect(t, harness.Dial{})
	c.Send(t, "hang")
	c.Send(t, "too late")
	backend.Await(t, 1, harness.Of("message", c.ID))
	sent := time.Now()
	harness.Eventually(t, "the second message has waited too long", func() bool { return time.Since(sent) > 1500*time.Millisecond })
	close(released)
	c.WantText(t, "hang")
	c.Leave(t, 1000, "")
	if ev := backend.AwaitOne(t, "close", c.ID); ev.Data.Seq != 3 {
		t.Errorf("the close has seq %d", ev.Data.Seq)
	}
	if n := len(backend.Received(harness.Of("message", c.ID))); n != 1 {
		t.Errorf("%d messages were sent", n)
	}
	if list := string(node.API(t, "admin").Do("GET", "/events/dead", "").Body); strings.Count(list, `"died_at"`) != 1 {
		t.Errorf("the dead letters are %s", list)
	}
}
