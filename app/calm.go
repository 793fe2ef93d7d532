package main

import (
	"context"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// How a node tells that it is calm, and what is worth giving back then.
const (
	calmLook  = time.Second
	calmLooks = 2                // so many in a row
	calmAlloc = 1 << 20          // bytes allocated between two of them
	calmSpare = 8 << 20          // bytes that have become spare since the last time
	calmPause = 10 * time.Second // between two times: it costs as much as a collection
)

// giveBackWhenCalm returns memory to the system whenever a node that was busy has
// become calm, until ctx ends: after many clients have connected, a sixth of what the
// process holds is garbage, which a calm node wouldn't collect for minutes, and what
// an earlier collection has left.
func giveBackWhenCalm(ctx context.Context) {
	ticker := time.NewTicker(calmLook)
	defer ticker.Stop()
	var (
		before memory
		left   uint64 // spare after the last time
		calm   int    // looks in a row
		last   time.Time
	)
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		now := readMemory()
		calm++
		if now.allocated-before.allocated > calmAlloc {
			calm = 0
		}
		before = now
		if calm >= calmLooks && now.spare > left+calmSpare && time.Since(last) > calmPause {
			debug.FreeOSMemory()
			before = readMemory()
			left, last = before.spare, time.Now()
		}
	}
}

// memory is what the runtime tells of it, in bytes.
type memory struct {
	allocated uint64 // since the start
	spare     uint64 // garbage, and what is free but still held
}

func readMemory() memory {
	s := []metrics.Sample{
		{Name: "/gc/heap/allocs:bytes"},
		{Name: "/memory/classes/heap/free:bytes"},
		{Name: "/memory/classes/heap/objects:bytes"},
		{Name: "/gc/heap/live:bytes"},
	}
	metrics.Read(s)
	free, objects, live := s[1].Value.Uint64(), s[2].Value.Uint64(), s[3].Value.Uint64()
	return memory{allocated: s[0].Value.Uint64(), spare: free + objects - min(live, objects)}
}
