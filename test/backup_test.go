package test

import (
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"

	_ "modernc.org/sqlite" // looks into the store as a person would

	"gatepost/test/harness"
	"gatepost/test/wait"
)

// A backup that was made while the node ran is good to start with. The node owes a
// close to each client that was connected then, under the id that its first close had;
// of those that came later it knows nothing.
func TestStartFromABackup(t *testing.T) {
	t.Parallel()
	backend := harness.NewBackend(t, nil)
	node := harness.Start(t, backend.Env(nil))
	early := node.Connect(t, harness.Dial{})
	journalWritten(t, node)
	backup := filepath.Join(t.TempDir(), "backup.db")
	env := harness.Env{"GATEPOST_DATA_DIR": node.DataDir()}
	if out, errs, status := harness.Command(t, env, "backup", backup); status != 0 || !strings.Contains(out, backup) {
		t.Fatalf("gatepost backup ends with %d: %s%s", status, out, errs)
	}
	if _, errs, status := harness.Command(t, env, "backup", backup); status != 1 || !strings.Contains(errs, backup) {
		t.Errorf("over a file that is there it ends with %d: %s", status, errs)
	}

	late := node.Connect(t, harness.Dial{})
	early.Leave(t, 1000, "")
	first := backend.AwaitOne(t, "close", early.ID)
	node.Kill()

	store := filepath.Join(node.DataDir(), "store", "gatepost.db")
	for _, suffix := range []string{"-wal", "-shm"} {
		if err := os.Remove(store + suffix); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Rename(backup, store); err != nil {
		t.Fatal(err)
	}
	next := node.Restart(t, nil)
	again := backend.Await(t, 2, harness.Of("close", early.ID))[1].Event
	if again.ID != first.ID || again.Data.Close.Initiator != "node_lost" {
		t.Errorf("the second close is %s, %+v; want %s, node_lost", again.ID, again.Data.Close, first.ID)
	}
	outboxEmpty(t, next)
	stop(t, next)
	if closes := backend.Received(harness.Of("close", late.ID)); len(closes) != 0 {
		t.Errorf("a client that came after the backup has %d closes", len(closes))
	}
}

// A person sees in the store of a running node who is connected, what waits, and what
// no backend took.
func TestViewsOfTheStore(t *testing.T) {
	t.Parallel()
	backend := harness.NewBackend(t, func(d *harness.Delivery) harness.Answer {
		switch d.Event.Type {
		case "connect":
			return harness.JSON(map[string]any{"uid": "u", "groups": []string{"g"}, "session": map[string]int{"n": 1}})
		case "message":
			return harness.Status(410)
		}
		return harness.Status(503)
	})
	node := harness.Start(t, backend.Env(nil))
	stays, leaves := node.Connect(t, harness.Dial{}), node.Connect(t, harness.Dial{})
	stays.Send(t, "no")
	leaves.Leave(t, 1000, "")
	db, err := sql.Open("sqlite", "file:"+filepath.Join(node.DataDir(), "store", "gatepost.db")+"?mode=ro")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for query, want := range map[string]string{
		"select client_id || ' ' || uid || ' ' || groups || ' ' || session || ' ' || path from clients where closed_at is null": stays.ID + ` u ["g"] {"n":1} /ws`,
		"select client_id || ' ' || type || ' ' || endpoint || ' ' || json_extract(event, '$.data.uid') from outbox":            leaves.ID + " close default u",
		"select client_id || ' ' || type || ' ' || reason || ' ' || json_extract(event, '$.data.seq') from dead_letters":        stays.ID + " message rejected 1",
	} {
		var got string
		wait.For(t, query, func() bool { return db.QueryRow(query).Scan(&got) == nil && got == want })
	}
}

// What an earlier version wrote isn't touched, and the node says what to do.
func TestDataDirOfAnEarlierVersion(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "store", "jetstream", "$G"), 0o700); err != nil {
		t.Fatal(err)
	}
	node := harness.Launch(t, harness.Env{"GATEPOST_DATA_DIR": dir})
	if status := node.Exit(wait.Patience); status != 1 || !node.Log.Has("GATEPOST_DATA_DIR", "earlier version", dir) {
		t.Errorf("the exit status is %d:\n%s", status, node.Log)
	}
}

// A container that comes back under another name goes on with the clients of its data
// directory, under their ids.
func TestDataDirOfAnotherNode(t *testing.T) {
	t.Parallel()
	backend := harness.NewBackend(t, nil)
	node := harness.Start(t, backend.Env(harness.Env{"GATEPOST_NODE": "one"}))
	c := node.Connect(t, harness.Dial{})
	journalWritten(t, node)
	node.Kill()
	next := node.Restart(t, harness.Env{"GATEPOST_NODE": "two"})
	if end := backend.AwaitOne(t, "close", c.ID); end.Data.Close.Initiator != "node_lost" {
		t.Errorf("the close is %+v", end.Data.Close)
	}
	if !next.Log.Has(`"level":"WARN"`, "another node's", `"before":"one"`) {
		t.Errorf("the node doesn't tell of it:\n%s", next.Log)
	}
}
