package ws

import (
	"context"
	"net"

	"gatepost/auth"
	"gatepost/gateway"
	"gatepost/hub"
	"gatepost/protocol"
)

// Config is what an operator decides about clients.
type Config struct {
	// Path is where clients connect, and all below it. "/" takes any upgrade.
	Path string
	// TokenFrom are the places in which a client token is looked for, in order of
	// preference: "query:NAME", "header" (Authorization: Bearer), "subprotocol"
	// (bearer, <jwt>), or "none" alone. Each must have passed CheckTokenPlace; an
	// entry that hasn't is passed over.
	TokenFrom []string
	// Anonymous lets clients without a token connect.
	Anonymous bool
	// Origins are the allowed Origins, "*" for any. Empty: the request's own host.
	// Each must have passed CheckOrigin.
	Origins []string
	// MaxMessage is the largest message from a client, in bytes. One byte more
	// closes with 1009.
	MaxMessage int
	// ClientRate is how many messages a second one client may send, with a burst
	// of twice that. Pings count too, and so do pongs that answer no ping and
	// fragments that bring next to nothing. Over it the client isn't read; 0: no limit.
	ClientRate float64
	// MaxConnections and MaxConnectionsPerIP bound the clients of this node. 0: no
	// limit. An IPv6 /64 counts as one address: that is what one subscriber has.
	MaxConnections, MaxConnectionsPerIP int
	// Heartbeats are the application's own: text frames that are answered here.
	Heartbeats []Heartbeat
}

// Heartbeat is a text frame that makes no event.
type Heartbeat struct {
	Receive string  // the whole frame
	Answer  *string // sent back; nil: nothing is
}

// Gateway is the core as this package uses it.
type Gateway interface {
	// Connect asks the backend. Its error is a *protocol.Refusal; every admission
	// is followed by Closed.
	Connect(ctx context.Context, hs *protocol.Handshake) (*gateway.Admission, error)
	// Asks says whether the backend is asked about clients of this path. Else nothing
	// of Handshake.Request is looked at but the path.
	Asks(path string) bool
	// Open hands over the upgraded connection; the welcome names the heartbeat's text,
	// if there is one.
	Open(c *hub.Client, conn net.Conn, answer []byte, heartbeat string)
	// Message takes what the client sent, and waits while too much waits already.
	Message(c *hub.Client, m protocol.Message)
	// Closed says that the connection has ended.
	Closed(c *hub.Client, cause hub.Cause)
	// Draining says that no new client is wanted.
	Draining() bool
}

// Tokens verifies client tokens.
type Tokens interface {
	VerifyClient(token string) (*auth.ClientToken, error)
}
