package hub

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"gatepost/protocol"
)

func ids(clients []*Client) []string {
	names := []string{}
	for _, c := range clients {
		names = append(names, c.ID())
	}
	return names
}

// Pages of any size give every key once, in order, and say when there are no more.
func TestPage(t *testing.T) {
	keys := make([]string, 500)
	for i := range keys {
		keys[i] = fmt.Sprintf("k%03d", i)
	}
	shuffled := slices.Clone(keys)
	for _, limit := range []int{1, 7, 100, 250, 499, 500, 501} {
		var got []string
		cursor := ""
		for calls := 0; ; calls++ {
			rand.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
			g := newPage[string](protocol.Page{Limit: limit, Cursor: cursor})
			for _, k := range shuffled {
				g.offer(k, k)
			}
			names, values, next := g.close()
			if len(names) > limit || !slices.Equal(names, values) {
				t.Fatalf("limit %d: page of %d names, %d values", limit, len(names), len(values))
			}
			got = append(got, names...)
			if cursor = next; cursor == "" {
				break
			}
			if calls > len(keys) {
				t.Fatalf("limit %d: the list doesn't end", limit)
			}
		}
		if !slices.Equal(got, keys) {
			t.Errorf("limit %d: got %d keys; want each of %d once, in order", limit, len(got), len(keys))
		}
	}
}

func TestPageLimits(t *testing.T) {
	for limit, want := range map[int]int{-1: protocol.DefaultPage, 0: protocol.DefaultPage, 5: 5, 1 << 30: protocol.MaxPage} {
		if got := newPage[int](protocol.Page{Limit: limit}).limit; got != want {
			t.Errorf("limit %d became %d; want %d", limit, got, want)
		}
	}
}

func TestClientsFilter(t *testing.T) {
	h := newHub(t, Options{})
	openSilently(t, h, "a", "1", "red")
	openSilently(t, h, "b", "1", "red", "blue")
	openSilently(t, h, "c", "2", "blue")
	openSilently(t, h, "d", "")
	admit(h, "connecting", "1", "red")
	tests := []struct {
		groups, uids []string
		want         []string
	}{
		{nil, nil, []string{"a", "b", "c", "d"}},
		{[]string{"red"}, nil, []string{"a", "b"}},
		{[]string{"red", "blue"}, nil, []string{"a", "b", "c"}},
		{nil, []string{"1"}, []string{"a", "b"}},
		{nil, []string{"1", "2", "1"}, []string{"a", "b", "c"}},
		{[]string{"blue"}, []string{"1", "2"}, []string{"b", "c"}},
		{[]string{"red"}, []string{"2"}, []string{}},
		{[]string{"nobody"}, nil, []string{}},
	}
	for _, tt := range tests {
		got, cursor := h.Clients(protocol.ClientFilter{Groups: tt.groups, UIDs: tt.uids}, protocol.Page{})
		if !slices.Equal(ids(got), tt.want) || cursor != "" {
			t.Errorf("groups %v, uids %v: %v, %q; want %v", tt.groups, tt.uids, ids(got), cursor, tt.want)
		}
	}
	first, cursor := h.Clients(protocol.ClientFilter{}, protocol.Page{Limit: 3})
	if !slices.Equal(ids(first), []string{"a", "b", "c"}) || cursor != "c" {
		t.Errorf("the first page is %v, %q", ids(first), cursor)
	}
}

func TestGroupsAndUIDs(t *testing.T) {
	h := newHub(t, Options{})
	openSilently(t, h, "a", "1", "red")
	openSilently(t, h, "b", "1", "red", "blue")
	openSilently(t, h, "c", "2", "blue")
	openSilently(t, h, "d", "", "green")
	admit(h, "connecting", "9", "grey")

	names, counts, cursor := h.Groups(protocol.Page{})
	if got := fmt.Sprintf("%v %v %q", names, counts, cursor); got != `[blue green red] [{2 2} {1 0} {2 1}] ""` {
		t.Errorf("Groups() = %s", got)
	}
	names, _, cursor = h.Groups(protocol.Page{Limit: 2})
	if got := fmt.Sprintf("%v %q", names, cursor); got != `[blue green] "green"` {
		t.Errorf("the first page of groups is %s", got)
	}
	for _, tt := range []struct {
		groups []string
		want   string
	}{
		{nil, "[1 2] [2 1]"},
		{[]string{"blue"}, "[1 2] [1 1]"},
		{[]string{"blue", "red"}, "[1 2] [2 1]"}, // b is in both, and once among them
		{[]string{"green", "grey"}, "[] []"},
	} {
		uids, clients, _ := h.UIDs(tt.groups, protocol.Page{})
		if got := fmt.Sprint(uids, clients); got != tt.want {
			t.Errorf("UIDs(%v) = %s; want %s", tt.groups, got, tt.want)
		}
	}
	if got := h.UID("1"); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("UID(1) = %v; want a, b", got)
	}
	if got := h.UID("9"); got == nil || len(got) != 0 {
		t.Errorf("UID(9) = %v; want an empty list", got)
	}
	for uid, want := range map[string]int{"1": 2, "9": 0, "nobody": 0} {
		if got := h.UIDClients(uid); got != want {
			t.Errorf("UIDClients(%s) = %d; want %d", uid, got, want)
		}
	}
}

// Names that look like a pattern, a path or another's prefix stay apart.
func TestNamesNeverCross(t *testing.T) {
	h := newHub(t, Options{})
	names := []string{"a", "a.b", "a.*", "a/b", "*", ">", "a ", " a", "%61", "A", "ä", "a\u0308"}
	for i, name := range names {
		openSilently(t, h, fmt.Sprint("c", i), name, name)
	}
	for i, name := range names {
		want := []string{fmt.Sprint("c", i)}
		byGroup := ids(h.Select(protocol.Target{Groups: []string{name}}, protocol.Target{}))
		if byUID := h.UID(name); !slices.Equal(byUID, want) || !slices.Equal(byGroup, want) {
			t.Errorf("%q names %v as uid and %v as group; want %v", name, byUID, byGroup, want)
		}
	}
}

func TestNamesAndTheirUIDs(t *testing.T) {
	h := newHub(t, Options{})
	openSilently(t, h, "a", "1", "g", "h")
	openSilently(t, h, "b", "1", "g")
	openSilently(t, h, "c", "2", "g")
	openSilently(t, h, "d", "", "g")
	admit(h, "e", "3", "g", "i") // still connecting
	clients, uids := h.GroupUIDs("g")
	slices.Sort(uids)
	if clients != 4 || !slices.Equal(uids, []string{"1", "2"}) {
		t.Errorf("group g: got %d clients, uids %v; want 4, [1 2]", clients, uids)
	}
	if clients, uids := h.GroupUIDs("none"); clients != 0 || len(uids) != 0 {
		t.Errorf("an empty group: got %d, %v", clients, uids)
	}
	for kind, each := range map[string]func(func(string, int)){"uids": h.EachUID, "groups": h.EachGroup} {
		got := map[string]int{}
		each(func(name string, clients int) { got[name] = clients })
		want := map[string]map[string]int{"uids": {"1": 2, "2": 1, "3": 0}, "groups": {"g": 4, "h": 1, "i": 0}}[kind]
		if !maps.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", kind, got, want)
		}
	}
}
