package test

import (
	"fmt"
	"net/http"
	"testing"

	"gatepost/test/harness"
	"gatepost/test/wait"
)

// Where a process may open few files, clients leave some of them to the store, the
// webhooks and the calls: who is there is served as ever, and one more is refused.
func TestFewOpenFiles(t *testing.T) {
	t.Parallel()
	const room = 192 // three quarters of 256
	backend := harness.NewBackend(t, echo)
	node := harness.Start(t, backend.Env(harness.Env{harness.OpenFiles: "256", "GATEPOST_MAX_CONNECTIONS": "1000"}))
	if !node.Log.Has("GATEPOST_MAX_CONNECTIONS", "256 files", fmt.Sprint(room, " clients")) || !node.Log.Has(fmt.Sprintf(`"max_clients":%d`, room)) {
		t.Errorf("the log doesn't tell how many clients there may be:\n%s", node.Log)
	}
	clients := node.Crowd(t, room, nil)
	for range 200 {
		_, err := node.TryConnect(t, harness.Dial{})
		wantRefused(t, err, http.StatusServiceUnavailable, "no room")
	}
	for _, c := range clients {
		c.Send(t, "hello")
	}
	for _, c := range clients {
		c.WantText(t, "hello")
	}
	node.API(t, "push").Want(http.StatusOK, fmt.Sprintf(`{"matched":%d,"queued":%[1]d,"dropped":0}`, room), "POST", "/push/all", "to all")
	for _, c := range clients {
		c.WantText(t, "to all")
		c.Leave(t, 1000, "")
	}
	awaitCloses(t, backend, room)
	wait.For(t, "there is room again", func() bool {
		c, err := node.TryConnect(t, harness.Dial{})
		if err == nil {
			c.Cut()
		}
		return err == nil
	})
	if node.Log.Has("too many open files") {
		t.Errorf("files ran out:\n%s", node.Log)
	}
}
