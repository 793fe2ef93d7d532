package cluster

import (
	"fmt"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"gatepost/test/tcp"
)

// benchNodes starts nodes over embedded servers.
func benchNodes(b *testing.B, n int) []*Cluster {
	b.Helper()
	var addrs []string
	for range n {
		addrs = append(addrs, tcp.FreeAddr(b))
	}
	nodes := make([]*Cluster, n)
	var all sync.WaitGroup
	for i := range nodes {
		all.Go(func() {
			o := Options{Node: nodeName(i), Version: "v1", Secrets: []string{secretA}, State: newMemory(), Listen: addrs[i], Peers: addrs}
			c, err := Open(b.Context(), o)
			if err == nil {
				b.Cleanup(c.Close)
				nodes[i], err = c, c.Join(b.Context(), &witness{})
			}
			if err != nil {
				b.Error(err)
			}
		})
	}
	all.Wait()
	if b.Failed() {
		b.FailNow()
	}
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		whole := true
		for _, c := range nodes {
			whole = whole && len(c.hearing()) == n-1
		}
		if whole {
			return nodes
		}
		if time.Now().After(end) {
			b.Fatal("the nodes don't find each other")
		}
	}
}

func cpuTime() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkConnect is what the cluster takes for a client that connects and closes on
// one node: its uid comes and goes, its record is copied, changed and taken away, and
// it waits for both before its connect and behind it. The CPU is that of all nodes
// together; some are what 64 clients at once take, others what a steady rate takes.
func BenchmarkConnect(b *testing.B) {
	for _, n := range []int{2, 3, 4} {
		b.Run(fmt.Sprintf("nodes=%d/at once", n), func(b *testing.B) { benchmarkConnect(b, n, 0) })
	}
	b.Run("nodes=3/rate=1000", func(b *testing.B) { benchmarkConnect(b, 3, 1000) })
}

func benchmarkConnect(b *testing.B, n, rate int) {
	c := benchNodes(b, n)[0]
	record := make([]byte, 300)
	var next atomic.Int64
	begun, used := time.Now(), cpuTime()
	b.ResetTimer()
	var all sync.WaitGroup
	for range 64 {
		all.Go(func() {
			for i := next.Add(1); i <= int64(b.N); i = next.Add(1) {
				if rate > 0 {
					time.Sleep(time.Until(begun.Add(time.Duration(i) * time.Second / time.Duration(rate))))
				}
				id := fmt.Sprintf("client%026d", i)
				c.Hold(UID, id, true)
				if err := c.Copy(id, record).Wait(b.Context()); err != nil {
					b.Error(err)
				}
				c.Settle(b.Context())
				c.Copy(id, record)
				c.Hold(UID, id, false)
				c.Settle(b.Context())
				c.Uncopy(id)
			}
		})
	}
	all.Wait()
	b.StopTimer()
	b.ReportMetric(float64((cpuTime()-used).Microseconds())/float64(b.N), "cpu-µs/op")
	b.ReportMetric(float64(b.N)/time.Since(begun).Seconds(), "op/s")
}

// BenchmarkHolders is a push's look for those who have a uid.
func BenchmarkHolders(b *testing.B) {
	d := &directory{tables: [2]*table{newTable(), newTable()}, slots: newSlots("selftag0")}
	c := &Cluster{parts: parts{directory: d}}
	peer := d.slots.take("peertag0")
	names := make([]string, 100_000)
	for i := range names {
		names[i] = fmt.Sprint("user-", i)
		d.table(UID).set(digestOf(UID, names[i]), peer, true, nil)
	}
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		if len(c.Holders(names[i%len(names):i%len(names)+1], nil)) != 1 {
			b.Fatal("nobody")
		}
	}
}
