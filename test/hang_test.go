package test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"gatepost/test/harness"
	"gatepost/test/wait"
)

// hanging is a backend that echoes, but never answers the message "hang" before
// it is released or given up.
func hanging(t *testing.T) (backend *harness.Backend, release func()) {
	released := make(chan struct{})
	return harness.NewBackend(t, func(d *harness.Delivery) harness.Answer {
		if d.Event.Text() == "hang" {
			select {
			case <-released:
			case <-d.Gone:
			}
		}
		return echo(d)
	}), sync.OnceFunc(func() { close(released) })
}

// While a backend hangs on one client's message the others don't notice.
func TestHangingMessageDelaysNoOtherClient(t *testing.T) {
	backend, release := hanging(t)
	defer release()
	env := backend.Env(harness.Env{
		"GATEPOST_WEBHOOK_TIMEOUT": "90s", "GATEPOST_PING_INTERVAL": "200ms", "GATEPOST_PONG_TIMEOUT": "1s", "GATEPOST_CLIENT_RATE": "0",
	})
	alone, node := harness.Start(t, env), harness.Start(t, env)
	hung := node.Connect(t, harness.Dial{})
	hung.Send(t, "hang")
	backend.Await(t, 1, func(d *harness.Delivery) bool { return d.Event.Text() == "hang" })
	wantAsFast(t, alone.Crowd(t, 20, nil), node.Crowd(t, 20, nil), func(during func()) { during() })
	if !hung.Open() {
		t.Fatal("the client whose message hangs was disconnected")
	}
	release()
	hung.WantText(t, "hang")
}

// A message that takes the backend 60 s costs its client neither the connection
// nor the reply, whether it is silent meanwhile or goes on sending until the
// gateway stops reading from it, pongs and all.
func TestClientOutlivesAHangOfAMinute(t *testing.T) {
	t.Parallel()
	hang := time.Minute
	if testing.Short() {
		hang = 5 * time.Second
	}
	backend, release := hanging(t)
	defer release()
	node := harness.Start(t, backend.Env(harness.Env{
		"GATEPOST_WEBHOOK_TIMEOUT": "90s", "GATEPOST_PING_INTERVAL": "500ms", "GATEPOST_PONG_TIMEOUT": "1s", "GATEPOST_CLIENT_RATE": "0",
	}))
	silent, busy := node.Connect(t, harness.Dial{}), node.Connect(t, harness.Dial{})
	silent.Send(t, "hang")
	busy.Send(t, "hang")
	const behind = 300
	more := strings.Repeat("x", 4<<10)
	for range behind {
		busy.Send(t, more)
	}
	wait.Stays(t, "both clients are connected", hang, func() bool { return silent.Open() && busy.Open() })
	release()
	silent.WantText(t, "hang")
	busy.WantText(t, "hang")
	for range behind {
		busy.WantText(t, more)
	}
}

// What waits behind a message that hangs is bounded: past it the gateway stops
// reading, and the client's writes block.
func TestWhatWaitsBehindAHangIsBounded(t *testing.T) {
	t.Parallel()
	backend, release := hanging(t)
	defer release()
	node := harness.Start(t, backend.Env(harness.Env{"GATEPOST_WEBHOOK_TIMEOUT": "60s", "GATEPOST_CLIENT_RATE": "0"}))
	c := node.Connect(t, harness.Dial{})
	c.Send(t, "hang")
	before := node.RSS(t)
	message := strings.Repeat("x", 60<<10)
	blocked := false
	for range 1500 { // 88 MiB
		_ = c.Conn.SetWriteDeadline(time.Now().Add(time.Second))
		if blocked = c.Conn.WriteMessage(websocket.TextMessage, []byte(message)) != nil; blocked {
			break
		}
	}
	if !blocked {
		t.Error("the gateway took 88 MiB from a client whose first message isn't done")
	}
	if grown := node.RSS(t) - before; grown > 32<<20 {
		t.Errorf("the node grew by %d MiB", grown>>20)
	}
	node.Healthy(t, harness.Dial{})
}
