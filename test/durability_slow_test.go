package test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"gatepost/test/harness"
)

// freezableDisk is a file system of its own, whose writes freeze holds up until thaw.
func freezableDisk(t *testing.T) (dir string, freeze, thaw func()) {
	t.Helper()
	image := filepath.Join(t.TempDir(), "image")
	dir = t.TempDir()
	f, err := os.Create(image)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Truncate(64 << 20); err != nil {
		t.Fatal(err)
	}
	f.Close()
	for _, command := range [][]string{{"mkfs.ext4", "-q", image}, {"mount", "-o", "loop", image, dir}} {
		if out, err := exec.Command(command[0], command[1:]...).CombinedOutput(); err != nil {
			t.Skipf("this test needs a file system of its own, and may not make one: %v: %v: %s", command, err, out)
		}
	}
	top, err := os.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	const fiFreeze, fiThaw = 0xc0045877, 0xc0045878
	control := func(what uint) {
		if err := unix.IoctlSetInt(int(top.Fd()), what, 0); err != nil && what == fiFreeze {
			t.Errorf("freezing: %v", err)
		}
	}
	t.Cleanup(func() {
		control(fiThaw) // again, where the test has failed
		top.Close()
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir, func() { control(fiFreeze) }, func() { control(fiThaw) }
}

// A disk that stands still keeps nobody waiting but those whose event has to be on
// record first: pushes and messages go on, and a client that comes is taken once the
// disk goes on.
func TestDiskThatStandsStill(t *testing.T) {
	t.Parallel()
	dir, freeze, thaw := freezableDisk(t)
	backend := harness.NewBackend(t, echo)
	node := harness.Start(t, backend.Env(harness.Env{"GATEPOST_DATA_DIR": filepath.Join(dir, "data"), "GATEPOST_CLIENT_RATE": "0"}))
	clients := node.Crowd(t, 10, nil)
	api := node.API(t, "*")
	defer thaw() // before the node ends, which couldn't
	freeze()
	came := make(chan error, 1)
	go func() {
		_, err := node.TryConnect(t, harness.Dial{})
		came <- err
	}()
	slowest := time.Duration(0)
	for i := range 20 {
		for _, c := range clients {
			begun := time.Now()
			c.Send(t, fmt.Sprint(i))
			c.WantText(t, fmt.Sprint(i))
			api.Want(200, "", "POST", "/push/clients/"+c.ID, "pushed")
			c.WantText(t, "pushed")
			slowest = max(slowest, time.Since(begun))
		}
	}
	t.Logf("the slowest message and push took %s", slowest)
	select {
	case err := <-came:
		t.Errorf("a client came though nothing can be written: %v", err)
	default:
	}
	clients[0].Leave(t, 1000, "") // its close is kept first
	thaw()
	if err := <-came; err != nil {
		t.Errorf("after the disk went on: %v", err)
	}
	backend.AwaitOne(t, "close", clients[0].ID)
	outboxEmpty(t, node)
	stop(t, node)
	historyOf(t, backend)
}
