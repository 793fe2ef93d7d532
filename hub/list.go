package hub

import (
	"slices"

	"gatepost/protocol"
)

// Clients is a page of the open clients that the filter lets through, ordered by
// id, and the cursor of the next, or "" at the end.
func (h *Hub) Clients(f protocol.ClientFilter, p protocol.Page) ([]*Client, string) {
	page := newPage[*Client](p)
	for _, c := range h.candidates(f) {
		if c.is(open) {
			page.offer(c.id, c)
		}
	}
	_, clients, cursor := page.close()
	return clients, cursor
}

// candidates are the clients that the filter lets through, each once.
func (h *Hub) candidates(f protocol.ClientFilter) []*Client {
	if len(f.Groups) == 0 && len(f.UIDs) == 0 {
		return h.clients.all(nil)
	}
	if len(f.UIDs) == 0 {
		return h.named(protocol.Target{Groups: f.Groups}, nil)
	}
	clients := h.named(protocol.Target{UIDs: f.UIDs}, nil)
	if len(f.Groups) == 0 {
		return clients
	}
	return slices.DeleteFunc(clients, func(c *Client) bool { return !c.inAny(f.Groups) })
}

func (c *Client) inAny(groups []string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.ContainsFunc(groups, func(name string) bool {
		_, member := c.findGroup(name)
		return member
	})
}

// Groups is a page of the groups that have an open client, in the order of their
// names, and the cursor of the next, or "" at the end.
func (h *Hub) Groups(p protocol.Page) (names []string, counts []protocol.GroupCount, cursor string) {
	page := newPage[protocol.GroupCount](p)
	h.groups.each(func(s *set) {
		page.offer(s.name, protocol.GroupCount{Clients: s.open, UIDs: len(s.uids)})
	})
	return page.close()
}

// Group is the size of one group: two zeros where it has no open client.
func (h *Hub) Group(name string) protocol.GroupCount {
	clients, uids := h.groups.size(name)
	return protocol.GroupCount{Clients: clients, UIDs: uids}
}

// GroupUIDs is how many open clients a group has, and their uids, each once, in no
// order.
func (h *Hub) GroupUIDs(name string) (clients int, uids []string) { return h.groups.uids(name) }

// EachUID calls fn for every uid that this hub holds, in no order, with the number
// of its open clients: 0 where all of them are connecting. fn must not call the hub.
func (h *Hub) EachUID(fn func(name string, clients int)) {
	h.uids.all(func(s *set) { fn(s.name, s.open) })
}

// EachGroup does the same for groups.
func (h *Hub) EachGroup(fn func(name string, clients int)) {
	h.groups.all(func(s *set) { fn(s.name, s.open) })
}

// UIDs is a page of the uids that have an open client, each with the number of its
// clients, in the order of their names, and the cursor of the next, or "" at the
// end. With groups, only clients in any of these are looked at.
func (h *Hub) UIDs(groups []string, p protocol.Page) (uids []string, clients []int, cursor string) {
	page := newPage[int](p)
	if len(groups) == 0 {
		h.uids.each(func(s *set) { page.offer(s.name, s.open) })
		return page.close()
	}
	counts := map[string]int{}
	for _, c := range h.named(protocol.Target{Groups: groups}, nil) {
		if uid := c.openUID(); uid != "" {
			counts[uid]++
		}
	}
	for uid, n := range counts {
		page.offer(uid, n)
	}
	return page.close()
}

// openUID is the uid of an open client, else "".
func (c *Client) openUID() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.is(open) {
		return ""
	}
	return c.uidName()
}

// UIDClients is how many open clients a uid has, at a cost that doesn't grow with
// them.
func (h *Hub) UIDClients(uid string) int {
	clients, _ := h.uids.size(uid)
	return clients
}

// UID is the ids of the uid's open clients, sorted, never nil.
func (h *Hub) UID(uid string) []string {
	ids := []string{}
	for _, c := range h.uids.members(uid, nil) {
		if c.is(open) {
			ids = append(ids, c.id)
		}
	}
	slices.Sort(ids)
	return ids
}
