package test

import (
	"syscall"
	"testing"
	"time"

	"gatepost/test/harness"
	"gatepost/test/wait"
)

// A backend that is gone doesn't keep a node from ending: what it can't deliver
// is kept, and the next node on the same data directory delivers it.
func TestDrainWithoutABackend(t *testing.T) {
	t.Parallel()
	backend := harness.NewBackend(t, func(d *harness.Delivery) harness.Answer {
		if d.Event.Type == "connect" {
			return harness.Answer{}
		}
		return harness.Status(503)
	})
	node := harness.Start(t, backend.Env(nil))
	var clients []*harness.Client
	for range 5 {
		c := node.Connect(t, harness.Dial{})
		c.Send(t, "nobody takes this")
		clients = append(clients, c)
	}
	for _, c := range clients {
		c.Ping(t)
	}
	begun := time.Now()
	stop(t, node)
	if took := time.Since(begun); took > 6*time.Second {
		t.Errorf("it took %s", took)
	}
	backend.Script(nil)
	node.Restart(t, nil)
	for _, c := range clients {
		closed := backend.Await(t, 1, harness.Of("close", c.ID))[0].Event.Data
		if closed.Seq != 2 || closed.Close.Code != 1001 || closed.Close.Initiator != "gateway" {
			t.Errorf("the close is number %d and says %+v", closed.Seq, closed.Close)
		}
		if messages := backend.Received(harness.Of("message", c.ID)); len(distinct(messages)) != 1 {
			t.Errorf("the message came as %v", distinct(messages))
		}
	}
}

// A client whose connect event is under way when the drain begins is turned away
// or closed, and its close event follows: the backend has accepted it.
func TestDrainWhileAClientConnects(t *testing.T) {
	t.Parallel()
	asked, answered := make(chan struct{}), make(chan struct{})
	backend := harness.NewBackend(t, func(d *harness.Delivery) harness.Answer {
		if d.Event.Type == "connect" {
			close(asked)
			<-answered
		}
		return harness.Answer{}
	})
	node := harness.Start(t, backend.Env(harness.Env{"GATEPOST_DRAIN": "500ms"}))
	connected := make(chan error, 1)
	go func() {
		c, err := node.TryConnect(t, harness.Dial{NoWelcome: true})
		if err == nil {
			c.EndedAt()
		}
		connected <- err
	}()
	<-asked
	node.Signal(syscall.SIGTERM)
	wait.For(t, "the node drains", func() bool { return harness.Get(t, node.Addr, "/readyz").Status == 503 })
	close(answered)
	if err := <-connected; err != nil {
		wantRefused(t, err, 503, "")
	}
	if status := node.Exit(wait.Patience); status != 0 {
		t.Errorf("the exit status is %d", status)
	}
	id := newestClient(t, backend)
	if n := len(backend.Received(harness.Of("close", id))); n != 1 {
		t.Errorf("there are %d close events", n)
	}
}
