package test

import (
	"os"
	"path/filepath"
	"testing"

	"gatepost/test/harness"
)

// A copy of a data directory that was made while the node ran is good to start with.
// The node owes a close to each client that was connected then, under the id that its
// first close had; of those that came later it knows nothing.
func TestStartFromACopyOfTheDataDir(t *testing.T) {
	t.Parallel()
	backend := harness.NewBackend(t, nil)
	node := harness.Start(t, backend.Env(nil))
	early := node.Connect(t, harness.Dial{})
	journalWritten(t, node)
	backup := filepath.Join(t.TempDir(), "backup")
	if err := os.CopyFS(backup, os.DirFS(node.DataDir())); err != nil {
		t.Fatal(err)
	}

	late := node.Connect(t, harness.Dial{})
	early.Leave(t, 1000, "")
	first := backend.AwaitOne(t, "close", early.ID)
	node.Kill()

	next := node.Restart(t, harness.Env{"GATEPOST_DATA_DIR": backup})
	again := backend.Await(t, 2, harness.Of("close", early.ID))[1].Event
	if again.ID != first.ID || again.Data.Close.Initiator != "node_lost" {
		t.Errorf("the copy's close is %s, %+v; want %s, node_lost", again.ID, again.Data.Close, first.ID)
	}
	outboxEmpty(t, next)
	stop(t, next)
	if closes := backend.Received(harness.Of("close", late.ID)); len(closes) != 0 {
		t.Errorf("a client that came after the copy has %d closes", len(closes))
	}
}
