package test

import (
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"gatepost/test/harness"
	"gatepost/test/wait"
)

// A client whose messages always fail has its next message and its close through
// soon, and harms nobody: the others are as fast as without it, and the breaker
// stays closed.
func TestOneClientWhoseMessagesFail(t *testing.T) {
	backend := harness.NewBackend(t, func(d *harness.Delivery) harness.Answer {
		if d.Event.Text() == "poison" || d.Event.Text() == "more poison" {
			return harness.Status(500)
		}
		return echo(d)
	})
	env := backend.Env(harness.Env{"GATEPOST_CLIENT_RATE": "0"})
	alone, node := harness.Start(t, env), harness.Start(t, env)
	wantAsFast(t, alone.Crowd(t, 20, nil), node.Crowd(t, 20, nil), func(during func()) {
		node.Connect(t, harness.Dial{}).Send(t, "poison")
		during()
	})
	wait.For(t, "what failed is dead", func() bool { return len(deadTries(t, node)) > 0 })

	worse := node.Connect(t, harness.Dial{})
	worse.Send(t, "poison")
	worse.Send(t, "more poison")
	worse.Leave(t, 1000, "")
	begun := time.Now()
	wait.For(t, "its close is through, the breaker being closed", func() bool {
		if state := breakerOf(t, node); state != "closed" {
			t.Fatalf("the breaker is %s", state)
		}
		return len(backend.Received(harness.Of("close", worse.ID))) > 0
	})
	next := backend.Received(func(d *harness.Delivery) bool { return d.Event.Text() == "more poison" })[0].At.Sub(begun)
	closed := backend.Received(harness.Of("close", worse.ID))[0].At.Sub(begun)
	t.Logf("its next message was tried after %s, its close after %s", next, closed)
	if next > 10*time.Second || closed > 10*time.Second {
		t.Errorf("its next message was tried after %s, its close after %s", next, closed)
	}
	historyOf(t, backend)
}

// Sixty-four clients whose messages hang, as many as there are attempts at once,
// stop nobody else's connects, messages and closes: neither a client's that was there
// before, nor new ones'.
func TestManyClientsWhoseMessagesHang(t *testing.T) {
	t.Run("each of an address of its own", func(t *testing.T) {
		manyThatHang(t, func(i int) harness.Dial {
			return harness.Dial{Header: http.Header{"X-Forwarded-For": {fmt.Sprintf("192.0.2.%d", i+1)}}}
		})
	})
	t.Run("all of the others' address", func(t *testing.T) { manyThatHang(t, nil) })
}

func manyThatHang(t *testing.T, dial func(i int) harness.Dial) {
	t.Helper()
	backend, release := hanging(t)
	defer release()
	node := harness.Start(t, backend.Env(harness.Env{
		"GATEPOST_CLIENT_RATE": "0", "GATEPOST_WEBHOOK_TIMEOUT": "5s", "GATEPOST_TRUSTED_PROXIES": "127.0.0.1/32",
	}))
	hung := node.Crowd(t, 64, dial)
	known := node.Connect(t, harness.Dial{})
	known.Send(t, "hello")
	known.WantText(t, "hello")
	for _, c := range hung {
		c.Send(t, "hang")
	}
	backend.Await(t, 4, func(d *harness.Delivery) bool { return d.Event.Text() == "hang" })
	took := map[string][]time.Duration{}
	timed := func(what string, f func()) {
		at := time.Now()
		f()
		took[what] = append(took[what], time.Since(at))
	}
	hello := func(c *harness.Client) func() {
		return func() {
			c.Send(t, "hello")
			c.WantText(t, "hello")
		}
	}
	for begun := time.Now(); time.Since(begun) < 12*time.Second; {
		var c *harness.Client
		timed("messages of a known client", hello(known))
		timed("connects", func() { c = node.Connect(t, harness.Dial{}) })
		timed("messages of new clients", hello(c))
		timed("closes", func() {
			c.Leave(t, 1000, "")
			backend.AwaitOne(t, "close", c.ID)
		})
		time.Sleep(20 * time.Millisecond)
	}
	for what, times := range took {
		slices.Sort(times)
		median, most := times[len(times)/2], times[len(times)-1]
		t.Logf("%d %s: median %s, p99 %s, at most %s", len(times), what, median, p99(times), most)
		if median > 100*time.Millisecond || most > time.Second {
			t.Errorf("%s: median %s, at most %s", what, median, most)
		}
	}
	release()
	for _, c := range hung {
		c.WantText(t, "hang")
	}
}

// An endpoint that is away slows none of another's events.
func TestTwoEndpointsOneAway(t *testing.T) {
	well, away := harness.NewBackend(t, echo), harness.NewBackend(t, nil)
	yaml := func(other string) string {
		return harness.File(t, fmt.Sprintf(`
client_rate: 0
webhooks:
  - name: other
    url: %s
    secrets: ["%s"]
    path: /ws/other
  - name: main
    url: %s
    secrets: ["%s"]
`, other, harness.WebhookSecret, well.URL, harness.WebhookSecret))
	}
	alone := harness.Start(t, harness.Env{harness.ConfigFile: yaml(away.URL)})
	beside := harness.Start(t, harness.Env{harness.ConfigFile: yaml(away.URL)})
	aloneClients, besideClients := alone.Crowd(t, 10, nil), beside.Crowd(t, 10, nil)
	others := beside.Crowd(t, 50, func(int) harness.Dial { return harness.Dial{Path: "/ws/other"} })
	away.Down()
	for _, c := range others {
		for n := range 20 {
			c.Send(t, fmt.Sprint("nobody takes ", n))
		}
	}
	for _, c := range others[:25] {
		c.Leave(t, 1000, "")
	}
	// trouble has clients connect whose endpoint is away, as a dead one's do.
	trouble := func(during func()) {
		over := make(chan struct{})
		var trying sync.WaitGroup
		for range 4 {
			trying.Go(func() {
				for {
					select {
					case <-over:
						return
					case <-time.After(20 * time.Millisecond):
						_, _ = beside.TryConnect(t, harness.Dial{Path: "/ws/other", Room: 1})
					}
				}
			})
		}
		during()
		close(over)
		trying.Wait()
	}
	wantAsFast(t, aloneClients, besideClients, trouble)
	well.Script(echo)
	away.Up(t)
	awaitCloses(t, away, 25)
	outboxEmpty(t, beside)
	historyOf(t, away)
}
