package test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"gatepost/test/harness"
	"gatepost/test/wait"
)

// A backend that is away for a minute while clients send and leave misses nothing:
// when it is back everything comes, each client's events in order, and soon.
func TestBackendAwayForAMinute(t *testing.T) {
	t.Parallel()
	away := time.Minute
	if testing.Short() {
		away = 12 * time.Second
	}
	backend := harness.NewBackend(t, echo)
	node := harness.Start(t, backend.Env(nil))
	leavers, stayers := node.Crowd(t, 250, nil), node.Crowd(t, 20, nil)
	roundTrips(t, stayers, 500*time.Millisecond)
	backend.Down()

	begun := time.Now()
	wanted := map[string][]string{}
	for i, c := range leavers {
		for n := range 3 {
			text := fmt.Sprintf("leaver %d message %d", i, n)
			wanted[c.ID] = append(wanted[c.ID], text)
			c.Send(t, text)
		}
		c.Leave(t, 1000, "no use")
	}
	for n := 0; time.Since(begun) < away; n++ {
		for _, c := range stayers {
			text := fmt.Sprintf("stayer's message %d", n)
			wanted[c.ID] = append(wanted[c.ID], text)
			c.Send(t, text)
		}
		time.Sleep(away / 40)
	}
	if breaker := breakerOf(t, node); breaker == "closed" {
		t.Error("the breaker is closed after all that time")
	}
	for _, c := range leavers {
		c.WantClosed(t, 1000)
	}

	backend.Up(t)
	back := time.Now()
	awaitCloses(t, backend, len(leavers)) // and their 750 messages before them
	took := time.Since(back)
	t.Logf("1,000 waiting events were through %s after the backend was back", took)
	if took > 5*time.Second && !harness.Race {
		t.Errorf("1,000 waiting events were through %s after the backend was back", took)
	}
	for _, c := range stayers {
		for range wanted[c.ID] {
			c.Text(t)
		}
	}
	outboxEmpty(t, node)
	if breaker := breakerOf(t, node); breaker != "closed" {
		t.Errorf("the breaker is %s", breaker)
	}
	told := historyOf(t, backend)
	for id, want := range wanted {
		got := slices.DeleteFunc(told.texts(id), func(text string) bool { return text == "ping" })
		if !slices.Equal(got, want) {
			t.Fatalf("%s: %d of %d messages came: %.300q", id, len(got), len(want), got)
		}
	}
	for _, c := range leavers {
		if end := told.closed(c.ID); end == nil || end.Data.Seq != 4 || end.Data.Close.Code != 1000 || end.Data.Close.Initiator != "client" {
			t.Fatalf("a close is %+v", end)
		}
	}
	if dead := deadTries(t, node); len(dead) != 0 {
		t.Errorf("there are %d dead letters", len(dead))
	}
}

// breakerOf is the state of the first endpoint's breaker.
func breakerOf(t *testing.T, node *harness.Node) string {
	t.Helper()
	return decode[struct{ Webhooks []struct{ Breaker string } }](t,
		node.API(t, "read").Want(200, "", "GET", "/stats", "").Body).Webhooks[0].Breaker
}

// A backend that fails a third of its requests, and never answers some of those,
// misses nothing and gets nothing out of order.
func TestBackendThatFailsAtTimes(t *testing.T) {
	t.Parallel()
	backend := harness.NewBackend(t, func(d *harness.Delivery) harness.Answer {
		switch luck := rand.N(100); {
		case luck < 30:
			return harness.Status(503)
		case luck < 35:
			<-d.Gone
		}
		return echo(d)
	})
	node := harness.Start(t, backend.Env(harness.Env{"GATEPOST_WEBHOOK_TIMEOUT": "700ms", "GATEPOST_CLIENT_RATE": "0"}))
	const crowd, each = 25, 12
	var (
		mu      sync.Mutex
		clients []*harness.Client
		lives   sync.WaitGroup
		want    []string
	)
	for n := range each {
		want = append(want, fmt.Sprint("message ", n))
	}
	for range crowd {
		lives.Go(func() {
			c, err := node.TryConnect(t, harness.Dial{Room: 128})
			for tries := 0; err != nil && tries < 50; tries++ { // the backend doesn't always answer in time
				c, err = node.TryConnect(t, harness.Dial{Room: 128})
			}
			if err != nil {
				t.Error(err)
				return
			}
			for _, text := range want {
				if err := c.TrySend(text); err != nil {
					t.Error(err)
				}
			}
			for range want {
				if _, err := c.TryText(3 * wait.Patience); err != nil {
					t.Error(err)
				}
			}
			_ = c.Conn.Close()
			mu.Lock()
			clients = append(clients, c)
			mu.Unlock()
		})
	}
	lives.Wait()
	// What had bad luck with all its quick tries is due in a while, or once another
	// event is taken.
	backend.Script(echo)
	node.Connect(t, harness.Dial{}).Leave(t, 1000, "")
	outboxEmpty(t, node)
	told := historyOf(t, backend)
	for _, c := range clients {
		if got := told.texts(c.ID); !slices.Equal(got, want) {
			t.Errorf("%s: the messages are %.300q", c.ID, got)
		}
	}
	awaitCloses(t, backend, len(told)) // also of clients whose connect got no answer in time
	if told = historyOf(t, backend); len(distinct(backend.Received(harness.Of("close", "")))) != len(told) {
		t.Errorf("there aren't as many closes as clients: %d", len(told))
	}
	if dead := deadTries(t, node); len(dead) != 0 {
		t.Errorf("there are %d dead letters", len(dead))
	}
	t.Logf("%d clients, %d of them admitted; %d deliveries", len(told), len(clients), len(backend.Received(everything)))
}

// A node with thousands of clients and no backend ends in time when it is told to;
// the next one delivers their closes, as they were.
func TestDrainOfThousandsWithoutABackend(t *testing.T) {
	t.Parallel()
	crowd := 5000
	if testing.Short() || harness.Race {
		crowd = 1000
	}
	const drain = 2 * time.Second
	backend := harness.NewBackend(t, nil)
	node := harness.Start(t, backend.Env(harness.Env{"GATEPOST_DRAIN": drain.String()}))
	clients := node.Crowd(t, crowd, nil)
	backend.Down()
	begun := time.Now()
	stop(t, node)
	took := time.Since(begun)
	t.Logf("it took %s to end", took)
	if took > drain+5*time.Second {
		t.Errorf("it took %s to end", took)
	}
	for _, c := range clients {
		c.WantClosed(t, 1001)
	}

	backend.Up(t)
	begun = time.Now()
	next := node.Restart(t, nil)
	awaitCloses(t, backend, crowd)
	t.Logf("%d closes took %s from the start", crowd, time.Since(begun))
	outboxEmpty(t, next)
	told := historyOf(t, backend)
	for _, c := range clients {
		end := told.closed(c.ID)
		if end == nil || end.Data.Seq != 1 || end.Data.Close.Code != 1001 || end.Data.Close.Initiator != "gateway" {
			t.Fatalf("the close of %s is %+v", c.ID, end)
		}
	}
	if len(told) != crowd {
		t.Errorf("%d clients have a close, of %d", len(told), crowd)
	}
}

// A backend that takes connections and answers nothing keeps no node from ending
// in time either: what it may have had comes again, under the same id.
func TestDrainWithABackendThatHangs(t *testing.T) {
	t.Parallel()
	const drain = time.Second
	backend := harness.NewBackend(t, func(d *harness.Delivery) harness.Answer {
		if d.Event.Type != "connect" {
			<-d.Gone
		}
		return harness.Answer{}
	})
	node := harness.Start(t, backend.Env(harness.Env{"GATEPOST_DRAIN": drain.String(), "GATEPOST_WEBHOOK_TIMEOUT": "30s"}))
	clients := node.Crowd(t, 200, nil)
	for _, c := range clients[:100] {
		c.Send(t, "hello")
		c.Send(t, "is anybody there")
	}
	for _, c := range clients[:100] {
		c.Ping(t)
	}
	begun := time.Now()
	stop(t, node)
	took := time.Since(begun)
	t.Logf("it took %s to end", took)
	if took > drain+5*time.Second {
		t.Errorf("it took %s to end", took)
	}
	backend.Script(nil)
	next := node.Restart(t, nil)
	awaitCloses(t, backend, len(clients))
	outboxEmpty(t, next)
	told := historyOf(t, backend)
	for i, c := range clients {
		want := []string{"hello", "is anybody there"}
		if i >= 100 {
			want = nil
		}
		end := told.closed(c.ID)
		if !slices.Equal(told.texts(c.ID), want) || end == nil || end.Data.Seq != len(want)+1 || end.Data.Close.Initiator != "gateway" {
			t.Fatalf("client %d: the messages are %q, the close is %+v", i, told.texts(c.ID), end)
		}
	}
}
