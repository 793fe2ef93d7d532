package test

import (
	"testing"

	"gatepost/test/harness"
	"gatepost/test/wait"
)

// A node on an external NATS keeps its promises without a disk of its own: it is
// killed, begins again elsewhere under the same name, and its backend, which was
// away, gets all that waited, in order, and one close for each client.
func TestKillOnAnExternalNATS(t *testing.T) {
	t.Parallel()
	backend := harness.NewBackend(t, nil)
	env := backend.Env(harness.Env{
		"GATEPOST_NATS_URL": harness.NATS(t), "GATEPOST_NODE": "same", "GATEPOST_DURABLE": "all",
		"GATEPOST_OUTBOX_MAX": "16MiB",
	})
	node := harness.Start(t, env)
	clients := node.Crowd(t, 20, func(int) harness.Dial { return harness.Dial{} })
	backend.Down()
	for _, c := range clients {
		c.Send(t, "one")
		c.Send(t, "two")
	}
	wait.For(t, "all messages wait", func() bool {
		return node.Metric(t, "gatepost_events_waiting") == float64(2*len(clients))
	})
	wait.For(t, "all is written", func() bool { return node.Metric(t, "gatepost_store_pending_bytes") == 0 })
	node.Kill()
	backend.Up(t)

	env["GATEPOST_DATA_DIR"] = t.TempDir() // another machine
	harness.Start(t, env)
	awaitCloses(t, backend, len(clients))
	for _, c := range clients {
		events := backend.Received(func(d *harness.Delivery) bool {
			return d.Event.Data.ClientID == c.ID && d.Event.Type != "connect"
		})
		if len(events) != 3 || events[0].Event.Text() != "one" || events[1].Event.Text() != "two" || events[2].Event.Type != "close" ||
			events[2].Event.Data.Close.Initiator != "node_lost" {
			t.Errorf("%s: %d events, not its two messages and its close as node_lost", c.ID, len(events))
		}
	}
}
