package hub

import (
	"slices"
	"time"

	"gatepost/protocol"
)

// Restore makes a client again of which only what was written down is left: it is
// closing from the start, so it is in no index and no total, and has no
// connection. Its identity and cause are those given.
func (h *Hub) Restore(id string, hs *protocol.Handshake, connectedAt time.Time, cause Cause, attachment any) *Client {
	c := newClient(h, id, hs, connectedAt, attachment)
	c.mu.Lock()
	defer c.mu.Unlock()
	if hs.UID != "" {
		c.uid = &set{name: hs.UID}
	}
	for _, name := range hs.Groups {
		if i, member := c.findGroup(name); !member {
			c.groups = slices.Insert(c.groups, i, &set{name: name})
		}
	}
	c.cause = cause
	c.state.Store(int32(closing))
	return c
}
