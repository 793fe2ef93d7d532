package test

import (
	"slices"
	"testing"

	"gatepost/test/harness"
	"gatepost/test/wait"
)

// texts are the messages of a client that its backend has seen, each once.
func texts(backend *harness.Backend, id string) (seen []string) {
	for _, d := range backend.Received(harness.Of("message", id)) {
		if text := d.Event.Text(); !slices.Contains(seen, text) {
			seen = append(seen, text)
		}
	}
	return seen
}

// A close with discard drops what waits behind a message that its backend is asked again
// and again to take, and that message itself: the close is next. A kill -9 after the answer
// brings nothing back.
func TestCloseWithDiscard(t *testing.T) {
	t.Parallel()
	backend := harness.NewBackend(t, func(d *harness.Delivery) harness.Answer {
		if d.Event.Type == "message" {
			return harness.Answer{Status: 503}
		}
		return harness.Answer{}
	})
	env := backend.Env(harness.Env{"GATEPOST_DURABLE": "all"})
	node := harness.Start(t, env)
	ways := []func(api *harness.API, id string){
		func(api *harness.API, id string) {
			api.Want(200, `{"client_id":"`+id+`","closed":true}`, "DELETE", "/clients/"+id+"?discard=true", "")
		},
		func(api *harness.API, id string) {
			api.Want(200, `{"matched":1,"closed":1}`, "POST", "/close", `{"clients":["`+id+`"],"discard":true}`)
		},
		func(api *harness.API, id string) {
			api.Want(200, "", "POST", "/actions", `{"actions":[{"action":"close","clients":["`+id+`"],"code":4100,"discard":true}]}`)
		},
	}
	waiting := func() []*harness.Client {
		clients := node.Crowd(t, len(ways), nil)
		for _, c := range clients {
			for _, text := range []string{"1", "2", "3"} {
				c.Send(t, text)
			}
			backend.Await(t, 1, harness.Of("message", c.ID))
		}
		wait.For(t, "all messages wait", func() bool { return node.Metric(t, "gatepost_events_waiting") == float64(3*len(ways)) })
		return clients
	}
	only := func(clients []*harness.Client) {
		t.Helper()
		for _, c := range clients {
			backend.AwaitOne(t, "close", c.ID)
			if got := texts(backend, c.ID); !slices.Equal(got, []string{"1"}) {
				t.Errorf("the backend saw the messages %q", got)
			}
		}
	}
	closed := waiting()
	for i, c := range closed {
		ways[i](node.API(t, "close"), c.ID)
	}
	only(closed)
	wait.For(t, "all are counted", func() bool { return node.Metric(t, "gatepost_messages_discarded_total") == float64(3*len(ways)) })
	if waits := node.Metric(t, "gatepost_events_waiting"); waits != 0 {
		t.Errorf("%v events wait", waits)
	}

	closed = waiting()
	for i, c := range closed {
		ways[i](node.API(t, "close"), c.ID)
	}
	node.Kill()
	backend.Script(nil)
	next := node.Restart(t, nil)
	only(closed)
	outboxEmpty(t, next)
	if dead := deadTries(t, next); len(dead) != 0 {
		t.Errorf("there are %d dead letters", len(dead))
	}
}

// A handler that closes the client whose message it answers, with discard, sees its close
// next.
func TestReplyThatDiscards(t *testing.T) {
	t.Parallel()
	sent := make(chan struct{})
	backend := harness.NewBackend(t, func(d *harness.Delivery) harness.Answer {
		if d.Event.Type != "message" {
			return harness.Answer{}
		}
		<-sent
		return harness.JSON(map[string]any{"actions": []any{map[string]any{"action": "close", "code": 4100, "discard": true}}})
	})
	node := harness.Start(t, backend.Env(nil))
	c := node.Connect(t, harness.Dial{})
	for _, text := range []string{"1", "2", "3"} {
		c.Send(t, text)
	}
	wait.For(t, "all messages wait", func() bool { return node.Metric(t, "gatepost_events_waiting") == 3 })
	close(sent)
	c.WantClosed(t, 4100)
	if ev := backend.AwaitOne(t, "close", c.ID); ev.Data.Close.Initiator != "backend" {
		t.Errorf("it was closed by %s", ev.Data.Close.Initiator)
	}
	if got := texts(backend, c.ID); !slices.Equal(got, []string{"1"}) {
		t.Errorf("the backend saw the messages %q", got)
	}
}
