package gateway

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"gatepost/protocol"
)

// partOf is a node's page of what it has, as it gives it with so much room.
func partOf(t *testing.T, have map[string]int, p protocol.Page, room int) list[int] {
	l := list[int]{}
	keys := []string{}
	for key := range have {
		if key > p.Cursor {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	if len(keys) > p.Limit {
		keys = keys[:p.Limit]
		l.Until = []byte(keys[p.Limit-1])
	}
	for _, key := range keys {
		l.Entries = append(l.Entries, entryOf[int]{key, have[key]})
	}
	raw, err := l.encode(room)
	if err != nil {
		t.Fatal(err)
	}
	var read list[int]
	if err := json.Unmarshal(raw, &read); err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	return read
}

// However the entries are spread, by whatever limit they are paged, and however
// little a node gives at once: every key comes once, in order, with its sum.
func TestMergedPages(t *testing.T) {
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 1))
		nodes := make([]map[string]int, 1+rng.IntN(4))
		want := map[string]int{}
		for i := range nodes {
			nodes[i] = map[string]int{}
			for range rng.IntN(30) {
				key, n := fmt.Sprintf("k<%02d", rng.IntN(40)), 1+rng.IntN(5)
				nodes[i][key] += n
				want[key] += n
			}
		}
		limit, room := 1+rng.IntN(45), 10+rng.IntN(400)
		got, last := map[string]int{}, ""
		p := protocol.Page{Limit: limit}
		for pages := 0; ; pages++ {
			var parts []list[int]
			for _, have := range nodes {
				parts = append(parts, partOf(t, have, p, room))
			}
			page, cursor := merge(limit, parts, func(into *int, more int) { *into += more })
			if len(page) > limit || pages > 200 {
				t.Fatalf("seed %d: page %d has %d entries, limit %d", seed, pages, len(page), limit)
			}
			for _, e := range page {
				if e.Key <= last {
					t.Fatalf("seed %d: %q comes behind %q", seed, e.Key, last)
				}
				got[e.Key], last = e.Value, e.Key
			}
			if cursor == "" {
				break
			}
			if cursor <= p.Cursor || len(page) > 0 && cursor < last {
				t.Fatalf("seed %d: the cursor %q follows %q", seed, cursor, p.Cursor)
			}
			p.Cursor = cursor
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("seed %d: got %v, want %v", seed, got, want)
		}
	}
}

// A node's part of a list stays within its room, but for one entry.
func TestListsAreBounded(t *testing.T) {
	l := list[string]{}
	for i := range 100 {
		l.Entries = append(l.Entries, entryOf[string]{fmt.Sprintf("%03d", i), strings.Repeat("x", 1000)})
	}
	for _, room := range []int{0, 5000, 1 << 20} {
		raw, err := l.encode(room)
		if err != nil {
			t.Fatal(err)
		}
		var read list[string]
		if err := json.Unmarshal(raw, &read); err != nil {
			t.Fatal(err)
		}
		if n := len(read.Entries); n == 0 || n > 1 && len(raw) > room+64 {
			t.Errorf("%d bytes of room: %d entries in %d bytes", room, n, len(raw))
		}
		if cut := len(read.Entries) < 100; cut != (len(read.Until) > 0) || cut && string(read.Until) != read.Entries[len(read.Entries)-1].Key {
			t.Errorf("%d bytes of room: %d entries, until %q", room, len(read.Entries), read.Until)
		}
	}
}

func TestTalliesCountAUIDOnce(t *testing.T) {
	a := tally{Clients: 3, Own: 2, Shared: []byte("12345678abcdefgh")}
	a.add(tally{Clients: 4, Own: 1, Shared: []byte("abcdefghABCDEFGH")})
	if got := a.count(); got != (protocol.GroupCount{Clients: 7, UIDs: 6}) {
		t.Errorf("got %+v", got)
	}
	broken := tally{Shared: []byte("123")}
	if got := broken.count(); got.UIDs != 0 {
		t.Errorf("a piece of a digest counts: %+v", got)
	}
}
