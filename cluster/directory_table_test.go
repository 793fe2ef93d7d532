package cluster

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// The table says what a plain map of sets would, whatever is done to it.
func TestTableAgainstAModel(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	x, model := newTable(), map[digest]map[slot]bool{}
	const names, slots = 300, 40
	for range 50_000 {
		d, s, present := digestOf(UID, fmt.Sprint(r.IntN(names))), slot(r.IntN(slots)), r.IntN(2) == 0
		told := false
		x.set(d, s, present, func() { told = true })
		if want := model[d][s] != present; told != want {
			t.Fatalf("set(%d, %v) told of a change: %v, want %v", s, present, told, want)
		}
		if model[d] == nil {
			model[d] = map[slot]bool{}
		}
		if model[d][s] = present; !present {
			delete(model[d], s)
		}
	}
	compare := func() {
		t.Helper()
		count := map[slot]int{}
		held := 0
		for d, want := range model {
			got := x.holders(d, nil)
			if !slices.Equal(got, slices.Sorted(maps.Keys(want))) {
				t.Fatalf("holders are %v, want %v", got, want)
			}
			for s := range want {
				count[s]++
			}
			if len(want) > 0 {
				held++
			}
		}
		if got := x.count(func([]slot) bool { return true }); got != held {
			t.Errorf("%d names are held, want %d", got, held)
		}
		for s := range slot(slots) {
			if got := x.count(func(of []slot) bool { return slices.Contains(of, s) }); got != count[s] {
				t.Errorf("slot %d holds %d names, want %d", s, got, count[s])
			}
			n := 0
			for i := range tableShards {
				n += len(x.of(i, s))
			}
			if n != count[s] {
				t.Errorf("slot %d is shown with %d names, want %d", s, n, count[s])
			}
		}
	}
	compare()
	for s := range slot(slots) {
		x.clear(s)
		for d := range model {
			delete(model[d], s)
		}
		if s%10 == 9 {
			compare()
		}
	}
	for i := range x.shards {
		sh := &x.shards[i]
		if len(sh.names) != 0 {
			t.Errorf("%d names are left", len(sh.names))
		}
		if len(sh.sets.ids)+len(sh.sets.free) != len(sh.sets.all) {
			t.Errorf("%d sets, of which %d are known and %d free", len(sh.sets.all), len(sh.sets.ids), len(sh.sets.free))
		}
	}
}

// A uid and a group of one name are two names.
func TestDigestsTellKindsApart(t *testing.T) {
	if digestOf(UID, "a") == digestOf(Group, "a") || digestOf(UID, "a") == digestOf(UID, "b") {
		t.Error("two names have one digest")
	}
	long := strings.Repeat("n", 256)
	if digestOf(UID, long) != digestOf(UID, strings.Clone(long)) || digestOf(UID, long) == digestOf(UID, long[1:]) {
		t.Error("a long name's digest isn't its own")
	}
}

// BenchmarkTableMemory is what a name takes that one of eight nodes holds.
func BenchmarkTableMemory(b *testing.B) {
	for _, names := range []int{100_000, 1_000_000, 3_000_000} {
		b.Run(fmt.Sprint(names), func(b *testing.B) {
			for range b.N {
				var before, after runtime.MemStats
				runtime.GC()
				runtime.ReadMemStats(&before)
				x := newTable()
				for i := range names {
					x.set(digestOf(UID, fmt.Sprint(i)), slot(i%8), true, nil)
				}
				runtime.GC()
				runtime.ReadMemStats(&after)
				b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/float64(names), "B/name")
				runtime.KeepAlive(x)
			}
		})
	}
}

// BenchmarkTableSet is a name that comes to a node and goes.
func BenchmarkTableSet(b *testing.B) {
	x := newTable()
	names := make([]string, 100_000)
	for i := range names {
		names[i] = fmt.Sprint("user-", i)
		x.set(digestOf(UID, names[i]), 1, true, nil)
	}
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		d := digestOf(UID, names[i%len(names)])
		x.set(d, self, true, nil)
		x.set(d, self, false, nil)
	}
}
