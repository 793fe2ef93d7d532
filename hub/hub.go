package hub

import (
	"log/slog"
	"sync/atomic"
	"time"

	"gatepost/protocol"
)

// Options are a hub's settings. A zero field has the default named beside it.
type Options struct {
	// SendQueue is how many bytes may wait for one client (1 MiB); over it the
	// client is closed with 4008. A message larger than that reaches nobody.
	SendQueue int
	// PingInterval is how often each client is pinged (25 s), and PongTimeout how
	// long it may then stay silent (10 s) before its connection is dropped. Both are
	// kept to within a 64th of PingInterval.
	PingInterval, PongTimeout time.Duration
	// PingData is a text message sent with each ping; nil: none. It is counted as
	// no message.
	PingData []byte
	// CloseTimeout is how long a closing handshake may take (2 s), from the call of
	// Close to the end of the connection.
	CloseTimeout time.Duration
	// Changed is called behind every change of a client's uid, groups or session,
	// once it holds; nil: never. Calls for one client may come at once.
	Changed func(*Client)
	// Names is told when a uid or group gets its first client, connecting ones
	// included, and when it has lost its last; nil: nobody is. The calls for one
	// name come one after the other, in the order in which it happened, before the
	// change that made them has returned. They come under the hub's locks: Names must
	// not block and must not call the hub. The string may be kept.
	Names   func(kind NameKind, name string, present bool)
	Metrics *Metrics     // nil: counted nowhere
	Logger  *slog.Logger // nil: silent
}

func (o Options) withDefaults() Options {
	if o.SendQueue <= 0 {
		o.SendQueue = 1 << 20
	}
	if o.PingInterval <= 0 {
		o.PingInterval = 25 * time.Second
	}
	if o.PongTimeout <= 0 {
		o.PongTimeout = 10 * time.Second
	}
	if o.CloseTimeout <= 0 {
		o.CloseTimeout = 2 * time.Second
	}
	if o.Metrics == nil {
		o.Metrics = NewMetrics(nil)
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

// Hub is this node's clients. Its methods may be called from any goroutine.
type Hub struct {
	opts    Options
	clients registry
	uids    *index
	groups  *index
	open    atomic.Int64 // clients in the state open
	wheel   *wheel
}

// New makes a hub and starts its heartbeats; Close stops them.
func New(opts Options) *Hub {
	h := &Hub{opts: opts.withDefaults(), uids: newIndex(opts.tellOf(UIDs)), groups: newIndex(opts.tellOf(Groups))}
	h.clients.init()
	h.wheel = startWheel(h.opts)
	return h
}

// Close stops the heartbeats. Clients that are still connected stay so.
func (h *Hub) Close() { h.wheel.stop() }

// Client finds a client that is connecting or open. One that is closing is gone.
func (h *Hub) Client(id string) (*Client, bool) { return h.clients.get(id) }

// Count is the number of open clients, and of the uids and groups that have one.
func (h *Hub) Count() (clients, uids, groups int) {
	return int(h.open.Load()), int(h.uids.open.Load()), int(h.groups.open.Load())
}

// Each calls fn for every client that was connecting or open when it began, in no
// order, until fn returns false.
func (h *Hub) Each(fn func(*Client) bool) {
	for _, c := range h.clients.all(nil) {
		if !fn(c) {
			return
		}
	}
}

// Dissolve takes all members out of the group and says how many there were,
// connecting ones included.
func (h *Hub) Dissolve(group string) (removed int) {
	for _, c := range h.groups.members(group, nil) {
		n, err := c.LeaveGroups([]string{group})
		if err == nil {
			removed += n
		}
	}
	return removed
}

// Admit makes a client addressable from now on, in the state connecting, with the
// uid, groups, session and until of its handshake. It is in no total and no list
// until Open. id must be new, as protocol.NewClientID makes it. attachment is the
// caller's own, see Client.Attachment.
//
// Whoever admits a client ends it: with Open and later Leave and Hangup, or with
// Leave alone where no connection comes of it.
func (h *Hub) Admit(id string, hs *protocol.Handshake, connectedAt time.Time, attachment any) *Client {
	c := newClient(h, id, hs, connectedAt, attachment)
	c.mu.Lock()
	c.setUID(hs.UID)
	c.addGroups(hs.Groups)
	h.clients.put(c)
	h.opts.Metrics.connecting.Inc()
	c.mu.Unlock()
	c.SetUntil(hs.Until)
	return c
}
