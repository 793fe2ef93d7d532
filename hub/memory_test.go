package hub

import (
	"fmt"
	"runtime"
	"testing"

	"gatepost/test/wait"
)

// An idle client, with a uid of its own and a group that it shares, takes little:
// it has no goroutine, timer or buffer here, not even after it was sent something.
func TestIdleClientIsSmall(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector keeps memory of its own")
	}
	const clients, most = 5000, 2 << 10
	h := newHub(t, Options{})
	before, goroutines := heap(), runtime.NumGoroutine()
	all := make([]*Client, clients)
	for i := range all {
		all[i] = openSilently(t, h, fmt.Sprintf("%032d", i), fmt.Sprint("user ", i), "room")
		for range 10 {
			all[i].Send(text("hello"))
		}
	}
	for _, c := range all {
		wait.For(t, "all is written", c.idle)
	}
	each := int(heap()-before) / clients
	if each > most {
		t.Errorf("an idle client takes %d bytes; want at most %d", each, most)
	}
	wait.For(t, "idle clients have no goroutines", func() bool { return runtime.NumGoroutine() <= goroutines })
	runtime.KeepAlive(all)
}

func heap() uint64 {
	runtime.GC()
	runtime.GC() // sync.Pool gives up its second half
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
