package hub

import (
	"errors"
	"fmt"
)

// ConsistencyCheck compares the indexes, the clients and the totals with one
// another, and tells every difference. It is for tests: it wants a hub in which
// nobody comes, goes or changes meanwhile.
func (h *Hub) ConsistencyCheck() error {
	want := expected{uids: map[string]*tally{}, groups: map[string]*tally{}}
	for _, c := range h.clients.all(nil) {
		want.count(c)
	}
	var errs []error
	if got := int(h.open.Load()); got != want.open {
		errs = append(errs, fmt.Errorf("%d clients are counted as open; want %d", got, want.open))
	}
	inWheel := 0
	for i := range h.wheel.slots {
		inWheel += len(h.wheel.slots[i].clients)
	}
	if inWheel != want.open {
		errs = append(errs, fmt.Errorf("the heartbeat has %d clients; want %d", inWheel, want.open))
	}
	errs = append(errs, h.uids.compare("uid", want.uids, false)...)
	errs = append(errs, h.groups.compare("group", want.groups, true)...)
	return errors.Join(errs...)
}

// tally is what a set must hold.
type tally struct {
	members int
	open    int
	uids    map[string]int
}

type expected struct {
	open         int
	uids, groups map[string]*tally
}

func (e *expected) count(c *Client) {
	c.mu.Lock()
	defer c.mu.Unlock()
	opened := c.is(open)
	if opened {
		e.open++
	}
	if c.uid != nil {
		countIn(e.uids, c.uid.name, opened, "")
	}
	for _, g := range c.groups {
		countIn(e.groups, g.name, opened, c.uidName())
	}
}

func countIn(tallies map[string]*tally, name string, opened bool, uid string) {
	t := tallies[name]
	if t == nil {
		t = &tally{uids: map[string]int{}}
		tallies[name] = t
	}
	t.members++
	if !opened {
		return
	}
	t.open++
	if uid != "" {
		t.uids[uid]++
	}
}

// compare checks every set against its tally, and that there are no others.
func (x *index) compare(kind string, want map[string]*tally, withUIDs bool) (errs []error) {
	names, opened := 0, 0
	for i := range x.shards {
		for name, s := range x.shards[i].sets {
			names++
			if s.open > 0 {
				opened++
			}
			t := want[name]
			if t == nil {
				t = &tally{}
			}
			if s.size() != t.members || s.open != t.open || withUIDs && len(s.uids) != len(t.uids) {
				errs = append(errs, fmt.Errorf("%s %q has %d members, %d open, %d uids; want %d, %d, %d",
					kind, name, s.size(), s.open, len(s.uids), t.members, t.open, len(t.uids)))
			}
			for uid, n := range s.uids {
				if n != t.uids[uid] {
					errs = append(errs, fmt.Errorf("%s %q has %d clients of uid %q; want %d", kind, name, n, uid, t.uids[uid]))
				}
			}
		}
	}
	if names != len(want) {
		errs = append(errs, fmt.Errorf("there are %d %ss; want %d", names, kind, len(want)))
	}
	if got := int(x.open.Load()); got != opened {
		errs = append(errs, fmt.Errorf("%d %ss are counted as open; want %d", got, kind, opened))
	}
	return errs
}
