package test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"gatepost/test/harness"
	"gatepost/test/wait"
)

// smallDisk mounts a file system of this size for the test, and skips the test
// where that isn't permitted.
func smallDisk(t *testing.T, size string) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+size); err != nil {
		t.Skipf("this test needs a file system of its own to fill, and may not mount one: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// fill takes what room is left on a disk, and returns what gives it back.
func fill(t *testing.T, dir string) (empty func()) {
	t.Helper()
	path := filepath.Join(dir, "filler")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for size := 1 << 20; size > 0; {
		if _, err := f.Write(make([]byte, size)); err != nil {
			size /= 2
		}
	}
	return func() {
		if err := os.Remove(path); err != nil {
			t.Error(err)
		}
	}
}

// A data directory that takes no writes, or has no room, keeps the node from
// starting, and it says why.
func TestDataDirThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	wantRefusal := func(t *testing.T, dir string, words ...string) {
		t.Helper()
		node := harness.Launch(t, harness.Env{"GATEPOST_DATA_DIR": filepath.Join(dir, "data"), "GATEPOST_NODE": "n1"})
		if status := node.Exit(wait.Patience); status != 1 {
			t.Errorf("the exit status is %d", status)
		}
		log := node.Log.String()
		if !slices.ContainsFunc(words, func(word string) bool { return strings.Contains(log, word) }) || !strings.Contains(log, dir) {
			t.Errorf("the node says neither of %q and where:\n%s", words, log)
		}
		if lines := strings.Count(log, "\n"); lines > 5 {
			t.Errorf("it takes %d lines to say so:\n%s", lines, log)
		}
	}
	t.Run("read-only", func(t *testing.T) {
		t.Parallel()
		dir := smallDisk(t, "1m")
		if err := syscall.Mount("", dir, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
			t.Fatal(err)
		}
		wantRefusal(t, dir, "read-only")
	})
	t.Run("full", func(t *testing.T) {
		t.Parallel()
		dir := smallDisk(t, "1m")
		fill(t, dir)
		wantRefusal(t, dir, "no space left", "full")
	})
	t.Run("a file", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "data"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		wantRefusal(t, dir, "not a directory")
	})
}

// A disk that fills up while the node runs makes it unready and refuse new
// clients, and it says so; it serves those that it has, and is well again when
// there is room. Nothing of what was accepted is lost by it.
func TestDiskThatFillsUp(t *testing.T) {
	t.Parallel()
	dir := smallDisk(t, "32m")
	backend := harness.NewBackend(t, echo)
	node := harness.Start(t, backend.Env(harness.Env{"GATEPOST_DATA_DIR": filepath.Join(dir, "data")}))
	clients := node.Crowd(t, 20, nil)
	empty := fill(t, dir)
	var refused *harness.Refused
	wait.For(t, "a new client is refused", func() bool {
		c, err := node.TryConnect(t, harness.Dial{})
		if err == nil {
			clients = append(clients, c)
		}
		return errors.As(err, &refused)
	})
	if refused.Status != 503 {
		t.Errorf("the refusal is %d", refused.Status)
	}
	wait.For(t, "the node isn't ready and says why", func() bool {
		r := harness.Get(t, node.Addr, "/readyz")
		return r.Status == 503 && strings.Contains(string(r.Body), "store")
	})
	wait.For(t, "the log tells of it", func() bool {
		return node.Log.Has(`"level":"ERROR"`, "space") || node.Log.Has(`"level":"ERROR"`, "full")
	})
	if r := harness.Get(t, node.Addr, "/healthz"); r.Status != 200 {
		t.Errorf("/healthz answers %d", r.Status)
	}
	for _, c := range clients {
		c.Send(t, "hello")
		c.WantText(t, "hello")
	}
	for _, c := range clients[:10] {
		c.Leave(t, 1000, "")
	}
	awaitCloses(t, backend, 10)
	if lines := strings.Count(node.Log.String(), "\n"); lines > 200 {
		t.Errorf("it takes %d log lines", lines)
	}

	empty()
	wait.For(t, "the node is ready again", func() bool { return harness.Get(t, node.Addr, "/readyz").Status == 200 })
	node.Healthy(t, harness.Dial{})
	awaitCloses(t, backend, 11)
	outboxEmpty(t, node)
	journalWritten(t, node)
	node.Kill()
	next := node.Restart(t, nil)
	awaitCloses(t, backend, len(clients)+2)
	outboxEmpty(t, next)
	told := historyOf(t, backend)
	for _, c := range clients {
		if told.closed(c.ID) == nil {
			t.Errorf("%s has no close", c.ID)
		}
	}
}

// A store that was damaged keeps no node from starting: it says what it found and
// where it put that, saves what can be read, and the next start is as any other.
func TestDamagedStore(t *testing.T) {
	t.Parallel()
	for name, damage := range map[string]func(content []byte, id string) []byte{
		"garbage in a record": func(content []byte, id string) []byte {
			for rest := content; ; { // in old copies of its page, too
				at := bytes.Index(rest, []byte(id))
				if at < 0 {
					return content
				}
				for i := range len(id) {
					rest[at+i] ^= 0xff
				}
				rest = rest[at+len(id):]
			}
		},
		"all garbage": func(content []byte, _ string) []byte {
			for i := range content {
				content[i] = byte(i * 7)
			}
			return content
		},
		"cut off": func(content []byte, _ string) []byte { return content[:len(content)/2] },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			backend := harness.NewBackend(t, nil)
			node := harness.Start(t, backend.Env(nil))
			clients := node.Crowd(t, 50, nil)
			backend.Down()
			stop(t, node)
			backend.Up(t)
			file := filepath.Join(node.DataDir(), "store", "gatepost.db")
			content, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, damage(content, clients[25].ID), 0o600); err != nil {
				t.Fatal(err)
			}

			next := node.Restart(t, nil)
			if !next.Log.Has(`"level":"ERROR"`, "damage") {
				t.Errorf("the node doesn't tell of the damage:\n%s", next.Log)
			}
			next.Healthy(t, harness.Dial{})
			outboxEmpty(t, next)
			stop(t, next)
			told := historyOf(t, backend)
			saved := 0
			for _, c := range clients {
				if told.closed(c.ID) != nil {
					saved++
				}
			}
			t.Logf("of %d clients %d were saved; %s", len(clients), saved, damageOf(next))

			last := next.Restart(t, nil)
			if last.Log.Has(`"level":"ERROR"`, "damage") {
				t.Errorf("the damage is there again:\n%s", last.Log)
			}
			last.Healthy(t, harness.Dial{})
		})
	}
}

// damageOf is the line in which a node tells of damage.
func damageOf(node *harness.Node) string {
	for line := range strings.SplitSeq(node.Log.String(), "\n") {
		if strings.Contains(line, "the store was damaged") {
			return line
		}
	}
	return ""
}

// What waits for a backend that is away is bounded, in memory and on disk: past
// the bound the node isn't ready, takes no new clients and stops reading from
// those it has; closes are kept all the same. When the backend is back everything
// comes.
func TestOutboxOverItsBound(t *testing.T) {
	t.Parallel()
	backend := harness.NewBackend(t, nil)
	node := harness.Start(t, backend.Env(harness.Env{
		"GATEPOST_OUTBOX_MAX": "1MiB", "GATEPOST_WEBHOOK_EVENTS": "message,close", "GATEPOST_CLIENT_RATE": "0",
	}))
	before := node.RSS(t)
	clients := node.Crowd(t, 60, nil)
	backend.Down()
	big := strings.Repeat("x", 40<<10)
	for i, c := range clients {
		c.Send(t, fmt.Sprint(i, " first ", big))
	}
	wait.For(t, "the node isn't ready, its outbox being full", func() bool {
		r := harness.Get(t, node.Addr, "/readyz")
		return r.Status == 503 && strings.Contains(string(r.Body), "full")
	})
	wait.For(t, "the log tells of the full outbox", func() bool { return node.Log.Has(`"level":"ERROR"`, "outbox is full") })
	if full := node.Metric(t, "gatepost_outbox_full"); full != 1 {
		t.Errorf("gatepost_outbox_full is %v", full)
	}
	_, err := node.TryConnect(t, harness.Dial{})
	wantRefused(t, err, 503, "full")

	// More than the sockets take blocks the clients.
	stuck := clients[0]
	sent := 0
	for ; sent < 1000; sent++ {
		_ = stuck.Conn.SetWriteDeadline(time.Now().Add(500 * time.Millisecond))
		if stuck.Conn.WriteMessage(1, []byte(big)) != nil {
			break
		}
	}
	if sent == 1000 {
		t.Error("the node goes on reading from a client with a full outbox")
	}
	stuck.Cut()
	for _, c := range clients[1:30] {
		c.Leave(t, 1000, "")
	}
	for _, c := range clients[30:] {
		c.Cut()
	}
	if grown := node.RSS(t) - before; grown > 96<<20 && !harness.Race {
		t.Errorf("the node grew by %d MiB", grown>>20)
	}
	if size := diskUse(t, node.DataDir()); size > 16<<20 {
		t.Errorf("the data directory has %d MiB", size>>20)
	}
	t.Logf("outbox %.0f bytes, disk %d KiB, memory %d MiB more; %d messages sent before the client blocked",
		node.Metric(t, "gatepost_outbox_bytes"), diskUse(t, node.DataDir())>>10, (node.RSS(t)-before)>>20, sent)

	backend.Up(t)
	awaitCloses(t, backend, len(clients))
	outboxEmpty(t, node)
	wait.For(t, "the node is ready again", func() bool { return harness.Get(t, node.Addr, "/readyz").Status == 200 })
	told := historyOf(t, backend)
	for i, c := range clients {
		if texts := told.texts(c.ID); len(texts) == 0 || !strings.HasPrefix(texts[0], fmt.Sprint(i, " first ")) {
			t.Errorf("the message of client %d hasn't come", i)
		}
	}
	if dead := deadTries(t, node); len(dead) != 0 {
		t.Errorf("there are %d dead letters", len(dead))
	}
}

func diskUse(t *testing.T, dir string) (bytes int64) {
	t.Helper()
	err := filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil // compacted meanwhile
		}
		if err == nil {
			bytes += info.Size()
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return bytes
}

// A node that is told to keep nothing says so at start.
func TestMemoryKeepsNothing(t *testing.T) {
	t.Parallel()
	backend := harness.NewBackend(t, nil)
	node := harness.Start(t, backend.Env(harness.Env{"GATEPOST_DATA_DIR": "memory"}))
	if !node.Log.Has("memory", "nothing is kept") {
		t.Errorf("the log doesn't say that nothing is kept:\n%s", node.Log)
	}
	c := node.Connect(t, harness.Dial{})
	node.Kill()
	next := node.Restart(t, nil)
	next.Healthy(t, harness.Dial{})
	stop(t, next)
	if n := len(backend.Received(harness.Of("close", c.ID))); n != 0 {
		t.Errorf("%d closes came of a client that nobody had on record", n)
	}
}

// What came while the disk was full is recorded once there is room, in sequence, though nothing
// else comes; until then it is counted. So a kill -9 then loses none of it.
func TestMessagesOfAFullDiskAreRecordedLater(t *testing.T) {
	t.Parallel()
	dir := smallDisk(t, "32m")
	backend := harness.NewBackend(t, func(d *harness.Delivery) harness.Answer {
		if d.Event.Type == "message" {
			return harness.Answer{Status: 503}
		}
		return harness.Answer{}
	})
	node := harness.Start(t, backend.Env(harness.Env{"GATEPOST_DATA_DIR": filepath.Join(dir, "data"), "GATEPOST_DURABLE": "all"}))
	c := node.Connect(t, harness.Dial{})
	empty := fill(t, dir)
	var want []string
	wait.For(t, "messages that can't be recorded", func() bool {
		want = append(want, fmt.Sprintf("%d %s", len(want), strings.Repeat("x", 1<<10)))
		c.Send(t, want[len(want)-1])
		return len(want) > 10 && node.Metric(t, "gatepost_messages_unrecorded") > 3
	})
	wait.For(t, "all to have come", func() bool { return node.Metric(t, "gatepost_events_waiting") == float64(len(want)) })
	empty()
	wait.For(t, "all to be recorded", func() bool { return node.Metric(t, "gatepost_messages_unrecorded") == 0 })
	node.Kill()
	backend.Script(nil)
	since := len(backend.Received(harness.Of("message", c.ID)))
	next := node.Restart(t, nil)
	backend.AwaitOne(t, "close", c.ID)
	var got []string
	for _, d := range backend.Received(harness.Of("message", c.ID))[since:] {
		got = append(got, d.Event.Text())
	}
	if !slices.Equal(got, want) {
		t.Errorf("of %d messages %d came, or not in sequence", len(want), len(got))
	}
	outboxEmpty(t, next)
}
