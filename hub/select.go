package hub

import (
	"slices"
	"sync"

	"gatepost/protocol"
	"gatepost/socket"
)

// Select is the clients that t names and except doesn't, each once. Connecting ones
// are among those that t names by id, uid or group, not among all.
func (h *Hub) Select(t, except protocol.Target) []*Client {
	return h.collect(t, except, nil)
}

// Push queues f for the clients that Select gives, and reports how they took it. A
// client that closes meanwhile is counted nowhere.
func (h *Hub) Push(t, except protocol.Target, f *Frame) protocol.Pushed {
	scratch := selections.Get().(*[]*Client)
	clients := h.collect(t, except, (*scratch)[:0])
	var pushed protocol.Pushed
	few := len(clients) <= fewReceivers
	var together *volley
	for _, c := range clients {
		verdict, start := c.enqueue(f)
		switch {
		case start == nil:
		case few:
			start.begin()
		default:
			together = together.with(start)
		}
		switch verdict {
		case Queued:
			pushed.Matched++
			pushed.Queued++
		case Dropped:
			pushed.Matched++
			pushed.Dropped++
		case Gone:
		}
	}
	together.fire()
	clear(clients) // a client that has gone isn't kept
	*scratch = clients
	selections.Put(scratch)
	return pushed
}

// fewReceivers is up to how many a push is written by whoever pushes. To more of
// them it's only queued, and written by goroutines (volley.go): frames of pushes that
// come meanwhile then leave with it, in one write for each client.
const fewReceivers = 4

// selections are slices for Push, so that a push to many doesn't allocate one.
var selections = sync.Pool{New: func() any { return new([]*Client) }}

func (h *Hub) collect(t, except protocol.Target, into []*Client) []*Client {
	clients := h.named(t, into)
	if !except.Empty() {
		clients = h.without(clients, except)
	}
	if len(clients) > volleySize {
		socket.Watch() // what is done to so many takes a while, and each write is one that nobody is told of
	}
	return clients
}

// named appends the clients that t names.
func (h *Hub) named(t protocol.Target, into []*Client) []*Client {
	for _, id := range t.Clients {
		if c, ok := h.clients.get(id); ok {
			into = append(into, c)
		}
	}
	for _, uid := range t.UIDs {
		into = h.uids.members(uid, into)
	}
	for _, group := range t.Groups {
		into = h.groups.members(group, into)
	}
	names := len(t.Clients) + len(t.UIDs) + len(t.Groups)
	if t.All {
		names++
		from := len(into)
		into = h.clients.all(into)
		opened := slices.DeleteFunc(into[from:], func(c *Client) bool { return !c.is(open) })
		into = into[:from+len(opened)]
	}
	if names > 1 && len(into) > 1 {
		into = distinct(into)
	}
	return into
}

// distinct leaves each client once, in place.
func distinct(clients []*Client) []*Client {
	seen := make(map[*Client]struct{}, len(clients))
	return slices.DeleteFunc(clients, func(c *Client) bool {
		_, again := seen[c]
		seen[c] = struct{}{}
		return again
	})
}

func (h *Hub) without(clients []*Client, except protocol.Target) []*Client {
	if except.All {
		clear(clients)
		return clients[:0]
	}
	out := map[*Client]struct{}{}
	for _, c := range h.named(except, nil) {
		out[c] = struct{}{}
	}
	return slices.DeleteFunc(clients, func(c *Client) bool {
		_, excepted := out[c]
		return excepted
	})
}
