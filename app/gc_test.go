package main

import "testing"

// However small the heap, about garbageFloor may be allocated before it is collected,
// and not more: memory is what a busy node is to be sparing with, too.
func TestGarbageBetweenCollections(t *testing.T) {
	for _, live := range []uint64{0, 1 << 20, 4 << 20, 5 << 20, 8 << 20, 21 << 20, 31 << 20, 32 << 20, 100 << 20} {
		percent := uint64(percentFor(live))
		goal := max(smallHeap*percent/100, live+live*percent/100) // as runtime.gcControllerState sets it
		if room := goal - live; room < garbageFloor*3/4 || room > max(garbageFloor, live) {
			t.Errorf("%d MiB live: %d %%, so %d MiB until it is collected", live>>20, percent, room>>20)
		}
	}
}
