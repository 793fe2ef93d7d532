package test

import (
	"syscall"
	"testing"
	"time"

	"gatepost/test/harness"
	"gatepost/test/wait"
)

// A backend that takes requests and never answers keeps a node from ending no
// longer than one that is gone: its attempts are cut off, and the next node
// delivers their events and what waited behind them.
func TestDrainWhileTheBackendHangs(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	backend := harness.NewBackend(t, func(d *harness.Delivery) harness.Answer {
		if d.Event.Type != "connect" {
			<-release
		}
		return harness.Answer{}
	})
	node := harness.Start(t, backend.Env(harness.Env{"GATEPOST_DRAIN": "500ms"}))
	var clients []*harness.Client
	for range 5 {
		c := node.Connect(t, harness.Dial{})
		for range 3 {
			c.Send(t, "nobody answers this")
		}
		clients = append(clients, c)
	}
	backend.Await(t, 5, harness.Of("message", ""))
	begun := time.Now()
	node.Signal(syscall.SIGTERM)
	status := node.Exit(wait.Patience)
	if took := time.Since(begun); took > 5500*time.Millisecond || status != 0 {
		t.Errorf("it took %s, with status %d", took, status)
	}
	close(release)
	backend.Script(nil)
	node.Restart(t, nil)
	for _, c := range clients {
		closed := backend.Await(t, 1, harness.Of("close", c.ID))[0].Event.Data
		if closed.Seq != 4 || closed.Close.Code != 1001 {
			t.Errorf("the close is number %d and says %+v", closed.Seq, closed.Close)
		}
		if messages := backend.Received(harness.Of("message", c.ID)); len(distinct(messages)) != 3 {
			t.Errorf("the messages came as %v", distinct(messages))
		}
	}
}

// So does a client whose connect event is never answered: the backend may have
// accepted it, so its close follows, once.
func TestDrainWhileAConnectHangs(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	backend := harness.NewBackend(t, func(d *harness.Delivery) harness.Answer {
		if d.Event.Type == "connect" {
			<-release
		}
		return harness.Answer{}
	})
	node := harness.Start(t, backend.Env(harness.Env{"GATEPOST_DRAIN": "500ms"}))
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		_, _ = node.TryConnect(t, harness.Dial{NoWelcome: true})
	}()
	backend.Await(t, 1, harness.Of("connect", ""))
	begun := time.Now()
	node.Signal(syscall.SIGTERM)
	status := node.Exit(wait.Patience)
	if took := time.Since(begun); took > 5500*time.Millisecond || status != 0 {
		t.Errorf("it took %s, with status %d", took, status)
	}
	<-gone
	close(release)
	next := node.Restart(t, nil)
	id := newestClient(t, backend)
	backend.Await(t, 1, harness.Of("close", id))
	stop(t, next)
	if n := len(backend.Received(harness.Of("close", id))); n != 1 {
		t.Errorf("there are %d closes", n)
	}
}
