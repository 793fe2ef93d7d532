package powerloss

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"gatepost/test/harness"
	"gatepost/test/wait"
)

// world is one setting in which power is cut.
type world struct {
	env      harness.Env
	mount    string // the file system's options
	promise  promise
	boots    int // of the machine, on one disk
	pictures int // of the disk at each boot, beside those while it boots
}

// What docs/operations.md says of a crash of the operating system or the machine is so.
func TestPowerLoss(t *testing.T) {
	needsKernel(t)
	always := promise{behind: behind, messages: true}
	// The disk is synced every 100 ms; how long that takes an emulated machine isn't the
	// gateway's affair.
	nowAndThen := promise{within: 500 * time.Millisecond, behind: behind, messages: true}
	for _, w := range []struct {
		name, sync, durable, mount string
		promise                    promise
	}{
		{"always", "always", "all", "rw", always},
		{"always, data after names", "always", "all", "rw,data=writeback", always},
		{"now and then", "100ms", "all", "rw", nowAndThen},
		{"now and then, data after names", "100ms", "all", "rw,data=writeback", nowAndThen},
		{"now and then, messages in memory", "100ms", "close", "rw", promise{within: nowAndThen.within, behind: behind}},
	} {
		t.Run(w.name, func(t *testing.T) {
			world{env: harness.Env{"GATEPOST_SYNC": w.sync, "GATEPOST_DURABLE": w.durable}, mount: w.mount,
				promise: w.promise, boots: 2, pictures: 40}.test(t)
		})
	}
}

// behind is how late what the store doesn't wait for may be. It is on its way within
// milliseconds of the backend's answer; but the machine has to come to reading that.
const behind = 5 * time.Second

func (w world) test(t *testing.T) {
	backend := newTold(t)
	env := backend.Env(w.env)
	disk := freshDisk(t)
	var all seen
	for range w.boots {
		begun := time.Now() // what was told before is over, or was lost at the cut before
		m := Boot(t, disk, w.mount, env)
		m.AwaitDisk(t)
		pictures := []picture{take(t, m.disk, LoseAll)}
		for !m.ready() && len(pictures) < w.pictures {
			time.Sleep(rand.N(time.Second / 2)) // the moment is what is tested, here and below
			pictures = append(pictures, take(t, m.disk, Loss(len(pictures)%int(losses))))
		}
		m.Await(t)
		heart, dead := feel(t, m)
		stop := traffic(t, m)
		for i := range w.pictures {
			time.Sleep(50*time.Millisecond + rand.N(time.Second/2))
			pictures = append(pictures, take(t, m.disk, Loss(i%int(losses))))
			backend.away.Store(i/8%2 == 1)
		}
		time.Sleep(rand.N(time.Second))
		checkpoints := m.Metric(t, "gatepost_store_checkpoints_total")
		left, at := m.Cut(Loss(rand.N(int(losses))))
		disk = left
		stop()
		dead()
		backend.away.Store(false)
		again := time.Now()

		for i, p := range pictures {
			t.Run(fmt.Sprintf("cut %d, losing %s", i, p.loss), func(t *testing.T) {
				all.add(w.recover(t, p, heart.standstill(p.at), backend.between(begun, p.at)))
			})
		}
		n := Boot(t, disk, w.mount, env)
		n.Await(t)
		settle(t, &n.Node)
		toldBy := at
		if w.promise.within == 0 {
			toldBy = again // what was on its way had been on the disk before
		}
		all.add(judge(t, w.promise, cut{at, heart.standstill(at)}, backend.between(begun, toldBy), backend.between(again, time.Now()), letters(t, &n.Node)))
		undamaged(t, &n.Node)
		disk, _ = n.Cut(LoseNone)
		t.Logf("so far: %d connects, and since the boot %g checkpoints, %d flushes of the disk; %s",
			backend.connects(), checkpoints, m.disk.Flushes(), all)
	}
}

// settle waits until a gateway that has started has delivered all that it owed.
func settle(t *testing.T, node *harness.Node) {
	t.Helper()
	node.Connect(t, harness.Dial{}) // a success, which makes due what waits
	wait.Within(t, time.Minute, "the outbox is empty", func() bool {
		return node.Metric(t, "gatepost_outbox_events") == 0 && node.Metric(t, "gatepost_events_waiting") == 0
	})
}

// letters are the ids of the dead letters.
func letters(t *testing.T, node *harness.Node) map[string]bool {
	t.Helper()
	var list struct{ Events []struct{ ID string } }
	if err := json.Unmarshal(node.API(t, "admin").Want(200, "", "GET", "/events/dead?limit=10000", "").Body, &list); err != nil {
		t.Fatal(err)
	}
	ids := map[string]bool{}
	for _, e := range list.Events {
		ids[e.ID] = true
	}
	return ids
}
