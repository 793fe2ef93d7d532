package test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"gatepost/test/harness"
	"gatepost/test/wait"
)

// told are the lines of a node's log, without those of webhooks and the store's own.
func told(t *testing.T, node *harness.Node) (lines []string) {
	t.Helper()
	for raw := range strings.Lines(node.Log.String()) {
		var line struct{ Msg string }
		if err := json.Unmarshal([]byte(raw), &line); err != nil {
			t.Errorf("a line isn't JSON: %s", raw)
			continue
		}
		if !strings.Contains(line.Msg, "webhook") && !strings.HasPrefix(line.Msg, "store:") {
			lines = append(lines, line.Msg)
		}
	}
	return lines
}

// What a node's log says of its starts and ends is what happened, and no more: nobody else
// was there to take anything over, or to be cut off from.
func TestWhatStartsAndEndsSay(t *testing.T) {
	t.Parallel()
	backend := harness.NewBackend(t, nil)
	start := []string{"the store is open", "listening"}
	end := []string{"stopping", "draining", "stopped"}
	wants := func(node *harness.Node, what string, parts ...[]string) {
		t.Helper()
		want := slices.Concat(parts...)
		wait.For(t, "the log of "+what, func() bool { return len(told(t, node)) >= len(want) })
		if got := told(t, node); !slices.Equal(got, want) {
			t.Errorf("the log of %s is %q, want %q", what, got, want)
		}
	}
	goingOn := []string{"going on where an earlier process ended"}

	node := harness.Start(t, backend.Env(nil))
	node.Healthy(t, harness.Dial{})
	stop(t, node)
	wants(node, "a first start and its end", start, end)

	node = node.Restart(t, nil)
	c := journalWritten(t, node)
	node.Kill()
	wants(node, "a start with nothing left", start)

	node = node.Restart(t, nil)
	backend.AwaitOne(t, "close", c.ID)
	outboxEmpty(t, node)
	wants(node, "a start after a kill with a client", start, goingOn)
	node.Kill()

	node = node.Restart(t, nil)
	node.Connect(t, harness.Dial{})
	backend.Down()
	stop(t, node)
	wants(node, "a start after a kill without clients, and an end without a backend", start, end)

	backend.Up(t)
	node = node.Restart(t, nil)
	outboxEmpty(t, node)
	wants(node, "a start with an outbox", start, goingOn)
}
