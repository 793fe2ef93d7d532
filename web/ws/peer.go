package ws

import (
	"net"
	"net/http"
	"runtime/debug"
	"sync"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/olahol/melody"

	"gatepost/gateway"
	"gatepost/hub"
	"gatepost/protocol"
)

// buffers are gorilla's write buffers: for the 101 and for what a peer passes
// over.
var buffers sync.Pool

// peer is one upgraded connection. As a net.Conn it is what gorilla sees of the
// socket: reading is the socket's own and tells the hub of signs of life. Writes,
// deadlines and Close are kept from it once the client is open, for then the hub
// is the writer, the heartbeat and the one who closes. Its other methods are the
// reading goroutine's.
type peer struct {
	net.Conn
	h       *Handler
	client  *hub.Client
	pace    pace
	framing framing

	answer    []byte // the 101, until the client is open
	attached  bool   // the 101 is made; set before melody's write pump starts
	heartbeat bool   // asked for with ?heartbeat=1
	broken    bool   // the socket failed, or isn't to be read any more
	fault     error  // what the client did against RFC 6455, behind all that was read
}

// serve takes the connection from the server and lets it live on a goroutine of its
// own, which takes over the seat.
func (h *Handler) serve(c echo.Context, a *gateway.Admission, subprotocol string, taken *seat) error {
	w, err := detach(c, subprotocol)
	if err != nil {
		h.log.Debug("upgrade failed", "client_id", a.Client.ID(), "error", err)
		h.gateway.Closed(a.Client, connectionLost)
		return notDetached(c, err)
	}
	p := &peer{Conn: w.conn, h: h, client: a.Client, pace: newPace(h.cfg.ClientRate),
		heartbeat: wantsHeartbeat(c.Request().URL.RawQuery)}
	w.conn = p
	taken.opened()
	go p.live(w, c.Request(), *taken)
	*taken = seat{}
	return nil
}

// live upgrades the connection and serves it to its end. It is no closure, which would
// keep the request for as long.
func (p *peer) live(w *detached, r *http.Request, taken seat) {
	defer taken.release()
	defer p.Conn.Close()
	defer p.end()
	if err := p.h.melody.HandleRequestWithKeys(w, r, nil); err != nil {
		p.h.log.Debug("upgrade failed", "client_id", p.client.ID(), "error", err)
	}
}

var connectionLost = hub.Cause{Code: protocol.CloseAbnormal, Initiator: protocol.ByNetwork}

// end tells the gateway that nothing more comes, then leaves the socket to the
// closing handshake.
func (p *peer) end() {
	if r := recover(); r != nil {
		p.panicked(r)
	}
	defer p.client.Hangup()
	defer p.rescue()
	p.h.gateway.Closed(p.client, connectionLost)
}

// rescue is deferred around everything that runs on behalf of one client, so that
// a panic costs that client's connection and nothing else. In melody's handlers
// it is needed in particular: a panic that went through melody would leave the
// session in its list for ever.
func (p *peer) rescue() {
	if r := recover(); r != nil {
		p.panicked(r)
	}
}

func (p *peer) panicked(r any) {
	p.h.metrics.panics.Inc()
	p.h.log.Error("serving a client panicked", "client_id", p.client.ID(), "panic", r, "stack", string(debug.Stack()))
	p.client.Close(hub.Cause{Code: protocol.CloseInternal, Reason: "the gateway failed", Initiator: protocol.ByGateway}, nil, false)
}

// Read reads from the socket, no faster than the client may send, and no further than to
// a frame that breaks a rule.
func (p *peer) Read(b []byte) (int, error) {
	switch {
	case p.fault != nil:
		return 0, p.fault
	case p.broken:
		return 0, net.ErrClosed
	}
	n, err := p.read(b)
	if n > 0 && p.attached {
		p.client.Heard()
		n, p.fault = p.framing.follow(b[:n])
		p.meter()
		if n == 0 {
			return 0, p.fault
		}
	}
	p.broken = p.broken || err != nil
	return n, err
}

// read reads from the socket. That a client which was held back rests is a reason to
// forgive it.
func (p *peer) read(b []byte) (int, error) {
	if p.pace.held == 0 {
		return p.Conn.Read(b)
	}
	begun := time.Now()
	n, err := p.Conn.Read(b)
	p.pace.rested(time.Since(begun))
	return n, err
}

// Write keeps the 101, which leaves with the first frame. After that there is
// nothing for gorilla to write: the close frames it would send by itself are sent
// by the hub, with a cause.
func (p *peer) Write(b []byte) (int, error) {
	if !p.attached {
		p.answer = append(p.answer, b...)
	}
	return len(b), nil
}

// Close closes a connection whose upgrade failed.
func (p *peer) Close() error {
	if p.attached {
		return nil
	}
	return p.Conn.Close()
}

// SetDeadline, SetReadDeadline and SetWriteDeadline do nothing: the upgrade neither
// reads nor writes, and after it the hub is the one who waits.
func (p *peer) SetDeadline(time.Time) error { return nil }

// SetReadDeadline does as SetDeadline.
func (p *peer) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline does as SetDeadline.
func (p *peer) SetWriteDeadline(time.Time) error { return nil }

// peerOf finds the peer below melody's session: a map of keys for each session
// would cost more than the peer itself.
func peerOf(s *melody.Session) *peer { return s.WebsocketConnection().NetConn().(*peer) }
