package test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gatepost/test/harness"
)

// After kill -9 the next node tells the backend of each client's end, once, with
// the uid, groups and session that the client had last, whoever gave them to it.
func TestKillWithAThousandClients(t *testing.T) {
	t.Parallel()
	const crowd = 1000
	backend := harness.NewBackend(t, func(d *harness.Delivery) harness.Answer {
		switch {
		case d.Event.Type == "connect" && d.Event.Data.Request.Query["n"] != "":
			n := d.Event.Data.Request.Query["n"]
			return harness.JSON(map[string]any{"uid": "user " + n, "groups": []string{"all", "room-" + n}, "session": map[string]string{"n": n}})
		case d.Event.Text() == "change":
			return harness.JSON(map[string]any{"session": map[string]any{"by": "reply"}, "reply": "done"})
		}
		return harness.Answer{}
	})
	node := harness.Start(t, backend.Env(nil))
	clients := node.Crowd(t, crowd, func(i int) harness.Dial { return harness.Dial{Path: fmt.Sprintf("/ws?n=%d", i)} })
	api := node.API(t, "*")
	for i, c := range clients {
		switch i % 10 {
		case 1:
			api.Want(200, "", "POST", "/bind", `{"client_id":"`+c.ID+`","uid":"bound"}`)
		case 2:
			api.Want(200, "", "POST", "/groups/late/join", `{"client_id":"`+c.ID+`"}`)
		case 3:
			c.Send(t, "change")
		case 4:
			api.Want(200, "", "PUT", "/clients/"+c.ID+"/session", `{"by":"call"}`)
		}
	}
	for i, c := range clients {
		if i%10 == 3 {
			c.WantText(t, "done")
		}
	}
	journalWritten(t, node)
	node.Kill()

	next := node.Restart(t, nil)
	awaitCloses(t, backend, crowd+1)
	outboxEmpty(t, next)
	if n := len(backend.Received(harness.Of("close", ""))); n != crowd+1 {
		t.Errorf("%d closes came for %d clients", n, crowd+1)
	}
	told := historyOf(t, backend)
	for i, c := range clients {
		end := told.closed(c.ID)
		if end == nil {
			t.Fatalf("client %d has no close", i)
		}
		uid, groups := fmt.Sprintf("user %d", i), []string{"all", fmt.Sprintf("room-%d", i)}
		session := fmt.Sprintf(`{"n":"%d"}`, i)
		switch i % 10 {
		case 1:
			uid = "bound"
		case 2:
			groups = append(groups, "late")
		case 3:
			session = fmt.Sprintf(`{"n":"%d","by":"reply"}`, i)
		case 4:
			session = `{"by":"call"}`
		}
		slices.Sort(groups)
		got := slices.Sorted(slices.Values(end.Data.Groups))
		if end.Data.Close.Initiator != "node_lost" || end.Data.Close.Code != 1006 || end.UID() != uid ||
			!slices.Equal(got, groups) || !harness.SameJSON(end.Data.Session, []byte(session)) {
			t.Fatalf("client %d: the close is %+v with uid %q, groups %q, session %s; want uid %q, groups %q, session %s",
				i, end.Data.Close, end.UID(), got, end.Data.Session, uid, groups, session)
		}
		if end.Data.ConnectedAt != told[c.ID][0].Data.ConnectedAt || end.Data.RemotePort != told[c.ID][0].Data.RemotePort {
			t.Errorf("client %d: the close isn't of the same connection as the connect", i)
		}
	}
	stop(t, next)
	last := next.Restart(t, nil)
	last.Healthy(t, harness.Dial{})
	if n := len(distinct(backend.Received(harness.Of("close", "")))); n > crowd+2 {
		t.Errorf("another start made %d closes of %d clients", n, crowd+2)
	}
}

// Killed at any moment, the node leaves a backend that ends with a close for every
// connect that it took, each client's events in order, and no repeat under another
// id.
func TestKillAtRandomMoments(t *testing.T) {
	t.Parallel()
	rounds := 30
	if testing.Short() {
		rounds = 8
	}
	t.Run("as it is", func(t *testing.T) {
		t.Parallel()
		killAtRandom(t, rounds, nil, func(d *harness.Delivery) harness.Answer {
			if rand.N(4) == 0 {
				time.Sleep(rand.N(20 * time.Millisecond))
			}
			return echo(d)
		})
	})
	t.Run("durable messages, and a backend that fails at times", func(t *testing.T) {
		t.Parallel()
		env := harness.Env{"GATEPOST_DURABLE": "all", "GATEPOST_WEBHOOK_TIMEOUT": "1s"}
		killAtRandom(t, rounds, env, func(d *harness.Delivery) harness.Answer {
			switch rand.N(8) {
			case 0:
				return harness.Status(503)
			case 1:
				return harness.Answer{Write: func(http.ResponseWriter) { panic(http.ErrAbortHandler) }}
			}
			return echo(d)
		})
	})
}

func killAtRandom(t *testing.T, rounds int, env harness.Env, answer func(*harness.Delivery) harness.Answer) {
	backend := harness.NewBackend(t, answer)
	node := harness.Start(t, backend.Env(env))
	var (
		mu       sync.Mutex
		welcomed []string
	)
	for range rounds {
		over := make(chan struct{})
		var crowd sync.WaitGroup
		for range 12 {
			crowd.Go(func() {
				for {
					c, err := node.TryConnect(t, harness.Dial{Room: 128})
					if refused := (*harness.Refused)(nil); errors.As(err, &refused) {
						continue // by a backend that fails
					}
					if err != nil {
						return // the node is dead
					}
					mu.Lock()
					welcomed = append(welcomed, c.ID)
					mu.Unlock()
					for i := range rand.N(8) {
						_ = c.TrySend(fmt.Sprint(i))
						time.Sleep(rand.N(5 * time.Millisecond))
					}
					switch rand.N(3) {
					case 0:
						c.Cut()
					case 1:
						_ = c.Conn.Close()
					default:
						<-over
						_ = c.Conn.Close()
					}
					select {
					case <-over:
						return
					default:
					}
				}
			})
		}
		time.Sleep(rand.N(400 * time.Millisecond)) // the moment is what is tested
		node.Kill()
		close(over)
		crowd.Wait()
		node = node.Restart(t, nil)
	}
	backend.Script(echo)
	node.Connect(t, harness.Dial{}) // a success, which makes due what waits
	outboxEmpty(t, node)
	stop(t, node)

	told := historyOf(t, backend)
	unseen, repeats := 0, 0
	for id, events := range told {
		switch end := told.closed(id); {
		case end == nil:
			t.Errorf("%s has connected and never left", id)
		case events[0].Type != "connect":
			unseen++
			if end.Data.Close.Initiator != "node_lost" || len(events) != 1 {
				t.Errorf("%s never connected; %d events of it came, the close by %s", id, len(events), end.Data.Close.Initiator)
			}
		}
	}
	for _, times := range distinct(backend.Received(everything)) {
		repeats += times - 1
	}
	for _, id := range welcomed {
		if len(told[id]) == 0 || told[id][0].Type != "connect" {
			t.Errorf("%s was welcomed, and its connect never came", id)
		}
	}
	t.Logf("%d clients, %d of them killed before their connect was sent; %d repeats", len(told), unseen, repeats)
}

// With GATEPOST_DURABLE=all a message outlives kill -9 from the moment it is read,
// however many wait before it.
func TestKillWithDurableMessages(t *testing.T) {
	t.Parallel()
	backend := harness.NewBackend(t, func(d *harness.Delivery) harness.Answer {
		if d.Event.Type == "message" {
			<-d.Gone
		}
		return harness.Answer{}
	})
	node := harness.Start(t, backend.Env(harness.Env{"GATEPOST_DURABLE": "all"}))
	const each = 20
	clients := node.Crowd(t, 30, nil)
	var want []string
	for i := range each {
		want = append(want, fmt.Sprintf("message %d %s", i, strings.Repeat("x", i*100)))
		for _, c := range clients {
			c.Send(t, want[i])
		}
	}
	for _, c := range clients {
		c.Ping(t)
	}
	journalWritten(t, node)
	node.Kill()

	backend.Script(nil)
	next := node.Restart(t, nil)
	awaitCloses(t, backend, len(clients)+1)
	outboxEmpty(t, next)
	told := historyOf(t, backend)
	for i, c := range clients {
		if got := told.texts(c.ID); !slices.Equal(got, want) {
			t.Fatalf("client %d: %d of %d messages came: %.200q", i, len(got), each, got)
		}
		for n, ev := range told[c.ID][:each+1] {
			if ev.Data.Seq != n {
				t.Errorf("client %d: event %d has seq %d", i, n, ev.Data.Seq)
			}
		}
		if end := told.closed(c.ID); end == nil || end.Data.Close.Initiator != "node_lost" {
			t.Errorf("client %d: the close is %+v", i, end)
		}
	}
}

// A connect that is under way when the node is killed has reached the backend,
// which may take it: the next node sends the close.
func TestKillWhileAClientConnects(t *testing.T) {
	t.Parallel()
	backend := harness.NewBackend(t, func(d *harness.Delivery) harness.Answer {
		if d.Event.Type == "connect" {
			<-d.Gone
		}
		return harness.Answer{}
	})
	node := harness.Start(t, backend.Env(nil))
	refused := make(chan error, 1)
	go func() {
		_, err := node.TryConnect(t, harness.Dial{Header: http.Header{"Cookie": {"a=b"}}})
		refused <- err
	}()
	id := backend.Await(t, 1, harness.Of("connect", ""))[0].Event.Data.ClientID
	node.Kill()
	if err := <-refused; err == nil {
		t.Error("a client was let in that the backend hasn't answered")
	}
	next := node.Restart(t, nil)
	awaitCloses(t, backend, 1)
	outboxEmpty(t, next)
	closes := backend.Received(harness.Of("close", ""))
	if len(closes) != 1 || closes[0].Event.Data.ClientID != id || closes[0].Event.Data.Close.Initiator != "node_lost" {
		t.Errorf("the closes are %+v", closes)
	}
	historyOf(t, backend)
}
