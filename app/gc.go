package main

import (
	"context"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// garbageFloor is how much may be allocated between two collections however small
// the heap is, in bytes. With a heap of a few MiB, as a node's is without many
// clients, the collector would else run dozens of times a second under load, and
// take a fifth of the CPU time.
const garbageFloor = 32 << 20

// smallHeap is the heap that Go's own minimum stands for: it doesn't collect before
// this × GOGC/100 is reached.
const smallHeap = 4 << 20

// paceMemory has the collector leave at least garbageFloor between its runs, and
// gives memory back when the node is calm, until ctx ends. It does nothing where the
// operator has set GOGC.
func paceMemory(ctx context.Context) {
	if os.Getenv("GOGC") == "" {
		new(pacer).wait()
		go giveBackWhenCalm(ctx)
	}
}

// pacer adjusts GOGC after each collection: a finalizer runs then.
type pacer struct{ percent int }

func (p *pacer) wait() {
	runtime.SetFinalizer(&struct{ p *pacer }{p}, func(*struct{ p *pacer }) { p.adjust() })
}

func (p *pacer) adjust() {
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	if percent := percentFor(live[0].Value.Uint64()); percent != p.percent {
		p.percent = percent
		debug.SetGCPercent(percent)
	}
	p.wait()
}

// percentFor is GOGC for a heap with so many live bytes: in steps, since each change
// stops the world.
func percentFor(live uint64) int {
	const step, usual = 50, 100
	return max(usual, int(garbageFloor*100/max(live, smallHeap))/step*step)
}
