package hub

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"gatepost/protocol"
)

// Identity is who a client is at one moment.
type Identity struct {
	UID     string   // empty: none
	Groups  []string // sorted, never nil
	Session json.RawMessage
}

// Identity is a consistent snapshot. Once the client is closing it doesn't change.
func (c *Client) Identity() Identity {
	c.mu.Lock()
	defer c.mu.Unlock()
	id := Identity{UID: c.uidName(), Groups: make([]string, len(c.groups)), Session: c.session}
	for i, g := range c.groups {
		id.Groups[i] = g.name
	}
	return id
}

// Bind gives the client a uid in place of the one it had; "" unbinds it. ok is
// false where the client is gone.
func (c *Client) Bind(uid string) (previous string, ok bool) {
	defer c.hub.changed(c)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.is(closing) {
		return "", false
	}
	previous = c.uidName()
	c.setUID(uid)
	return previous, true
}

// Join makes the client a member of the groups and says of how many it wasn't one
// before. The error is a problem: the client is gone, or would be in more than
// protocol.MaxGroupsPerClient groups; then nothing has changed.
func (c *Client) Join(groups []string) (changed int, err error) {
	defer c.hub.changed(c)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.is(closing) {
		return 0, protocol.ClientGone(c.id)
	}
	if err := c.checkRoom(groups); err != nil {
		return 0, err
	}
	return c.addGroups(groups), nil
}

// LeaveGroups ends the client's membership in the groups and says of how many it
// was a member. The error is a problem: the client is gone.
func (c *Client) LeaveGroups(groups []string) (changed int, err error) {
	defer c.hub.changed(c)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.is(closing) {
		return 0, protocol.ClientGone(c.id)
	}
	for _, name := range groups {
		i, member := c.findGroup(name)
		if !member {
			continue
		}
		c.dropGroup(c.groups[i])
		c.groups = slices.Delete(c.groups, i, i+1)
		changed++
	}
	return changed, nil
}

// Adopt takes over what a backend said about a client that connects: uid and
// session replace, groups add, until is set; a nil leaves what is there. An error
// is a problem, as of Join and ChangeSession, and then nothing has changed.
func (c *Client) Adopt(uid *string, groups []string, session json.RawMessage, until *int64) error {
	if err := c.adopt(uid, groups, session); err != nil {
		return err
	}
	if until != nil {
		c.SetUntil(until)
	}
	return nil
}

func (c *Client) adopt(uid *string, groups []string, session json.RawMessage) error {
	if uid == nil && len(groups) == 0 && session == nil { // as most replies: nothing has to be recorded
		if c.Closing() {
			return protocol.ClientGone(c.id)
		}
		return nil
	}
	defer c.hub.changed(c)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.is(closing) {
		return protocol.ClientGone(c.id)
	}
	if err := c.checkRoom(groups); err != nil {
		return err
	}
	if session != nil {
		applied, err := protocol.ApplySession(c.session, protocol.SessionSet, session)
		if err != nil {
			return err
		}
		c.session = bytes.Clone(applied)
	}
	if uid != nil {
		c.setUID(*uid)
	}
	c.addGroups(groups)
	return nil
}

// uidName needs mu.
func (c *Client) uidName() string {
	if c.uid == nil {
		return ""
	}
	return c.uid.name
}

// setUID needs mu.
func (c *Client) setUID(uid string) {
	old := c.uid
	if c.uidName() == uid {
		return
	}
	c.uid = nil
	if uid != "" {
		c.uid = c.hub.uids.add(uid, c)
	}
	if c.is(open) {
		c.recountUID(old)
	}
	if old != nil {
		c.hub.uids.remove(old, c)
	}
}

// recountUID moves an open client from its old uid to the one it has now, in the
// totals of both and of its groups. It needs mu.
func (c *Client) recountUID(old *set) {
	var from string
	if old != nil {
		from = old.name
		c.hub.uids.count(old, "", -1)
	}
	if c.uid != nil {
		c.hub.uids.count(c.uid, "", 1)
	}
	for _, g := range c.groups {
		c.hub.groups.recount(g, from, c.uidName())
	}
}

// addGroups needs mu.
func (c *Client) addGroups(groups []string) (added int) {
	for _, name := range groups {
		i, member := c.findGroup(name)
		if member {
			continue
		}
		g := c.hub.groups.add(name, c)
		if c.is(open) {
			c.hub.groups.count(g, c.uidName(), 1)
		}
		c.groups = slices.Insert(c.groups, i, g)
		added++
	}
	return added
}

// dropGroup takes the client out of g, not out of its own list. It needs mu.
func (c *Client) dropGroup(g *set) {
	if c.is(open) {
		c.hub.groups.count(g, c.uidName(), -1)
	}
	c.hub.groups.remove(g, c)
}

// MayJoin is nil, or the problem with which Join would refuse these groups now.
func (c *Client) MayJoin(groups []string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.checkRoom(groups)
}

// checkRoom says whether the client may join these groups. It needs mu.
func (c *Client) checkRoom(groups []string) error {
	if len(c.groups)+len(groups) <= protocol.MaxGroupsPerClient {
		return nil
	}
	more := map[string]bool{}
	for _, name := range groups {
		if _, member := c.findGroup(name); !member {
			more[name] = true
		}
	}
	if total := len(c.groups) + len(more); total > protocol.MaxGroupsPerClient {
		return &protocol.Problem{Status: 400, Code: protocol.CodeLimit, Field: "groups",
			Detail: fmt.Sprintf("client %s would be in %d groups; a client is in at most %d", c.id, total, protocol.MaxGroupsPerClient)}
	}
	return nil
}

// findGroup needs mu.
func (c *Client) findGroup(name string) (int, bool) {
	return slices.BinarySearchFunc(c.groups, name, func(g *set, name string) int {
		return strings.Compare(g.name, name)
	})
}

// changed tells who asked to be told. A closing client doesn't change.
func (h *Hub) changed(c *Client) {
	if h.opts.Changed != nil && !c.Closing() {
		h.opts.Changed(c)
	}
}
