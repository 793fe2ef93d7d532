package hub

import (
	"bytes"
	"encoding/json"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"gatepost/protocol"
)

// state is where a client is in its life; it only ever grows.
type state int32

const (
	connecting state = iota
	open
	closing
)

// Client is one connection, from its handshake to its end. Its methods may be
// called from any goroutine.
type Client struct {
	hub         *Hub
	id          string
	remoteAddr  string
	remotePort  int
	connectedAt time.Time
	traceID     string
	path        string
	attachment  any // the caller's of Admit

	state    atomic.Int32 // written under mu
	received atomic.Uint64
	sent     atomic.Uint64
	beat     beat
	out      queue

	mu      sync.Mutex // guards the following fields
	uid     *set       // nil: none
	groups  []*set     // by name
	session json.RawMessage
	until   *untilWatch // nil: none
	cause   Cause       // zero until closing
}

func newClient(h *Hub, id string, hs *protocol.Handshake, connectedAt time.Time, attachment any) *Client {
	c := &Client{
		hub: h,
		id:  id,
		// Copies, so that nothing of the request is kept alive.
		remoteAddr:  strings.Clone(hs.RemoteAddr),
		remotePort:  hs.RemotePort,
		connectedAt: connectedAt,
		traceID:     strings.Clone(hs.TraceID),
		path:        strings.Clone(hs.Request.Path),
		session:     protocol.EmptySession,
		attachment:  attachment,
	}
	if hs.Session != nil {
		c.session = bytes.Clone(hs.Session)
	}
	c.beat.heard.Store(true)
	return c
}

// ID is the client id.
func (c *Client) ID() string { return c.id }

// RemoteAddr is the client's address, proxies resolved, without its port.
func (c *Client) RemoteAddr() string { return c.remoteAddr }

// RemotePort is the client's port, 0 if unknown.
func (c *Client) RemotePort() int { return c.remotePort }

// ConnectedAt is when the handshake came.
func (c *Client) ConnectedAt() time.Time { return c.connectedAt }

// TraceID is that of the handshake's traceparent, or empty.
func (c *Client) TraceID() string { return c.traceID }

// Path is the one the handshake asked for.
func (c *Client) Path() string { return c.path }

// Attachment is what the caller of Admit keeps with the client.
func (c *Client) Attachment() any { return c.attachment }

// Received counts one message from the client, of so many bytes of payload.
func (c *Client) Received(bytes int) {
	c.received.Add(1)
	c.hub.opts.Metrics.framesIn.Inc()
	c.hub.opts.Metrics.bytesIn.Add(float64(bytes))
}

// Traffic is how many messages came from the client, and how many were handed to
// the kernel for it, the welcome among them.
func (c *Client) Traffic() (in, out uint64) { return c.received.Load(), c.sent.Load() }

// Closing reports whether the client's end has begun: it is in no index, and what
// still arrives from it belongs to nobody.
func (c *Client) Closing() bool { return c.is(closing) }

func (c *Client) is(s state) bool { return state(c.state.Load()) == s }
