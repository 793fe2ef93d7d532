package ws

import (
	"encoding/binary"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/gorilla/websocket"
	"github.com/olahol/melody"

	"gatepost/hub"
	"gatepost/protocol"
)

// First bytes of the control frames that answer the client's: FIN and the opcode
// (RFC 6455, section 5.2).
const (
	closeFrame = 0x88
	pongFrame  = 0x8A
)

// onConnect opens the client. melody's write pump, which has nothing to write
// here, is told to close: its goroutine and timer would double what an idle
// connection takes. That its end closes the session is of no effect on the peer.
func onConnect(s *melody.Session) {
	p := peerOf(s)
	s.Request = nil
	s.WebsocketConnection().SetPingHandler(p.ping)
	p.attached = true
	_ = s.Close() // fails only on a session that is closed
	opened := false
	defer func() { p.broken = p.broken || !opened }() // after a panic there may be no end to read for
	defer p.rescue()
	p.h.metrics.upgrades.Inc()
	heartbeat := ""
	if p.heartbeat {
		heartbeat = protocol.Heartbeat(p.client.ID())
	}
	p.h.gateway.Open(p.client, p.Conn, p.answer, heartbeat)
	p.answer = nil
	opened = true
}

func onText(s *melody.Session, payload []byte) {
	peerOf(s).message(protocol.Message{Payload: payload})
}

func onBinary(s *melody.Session, payload []byte) {
	peerOf(s).message(protocol.Message{Binary: true, Payload: payload})
}

// message takes one message up. While it waits, for its turn or for the gateway
// to have room, nothing is read, and the client isn't held to its pongs.
func (p *peer) message(m protocol.Message) {
	if p.client.Closing() {
		return
	}
	defer p.rescue()
	p.client.PauseReading()
	defer p.client.ResumeReading()
	if !p.waitTurns(1) {
		return
	}
	if !m.Binary {
		if !utf8.Valid(m.Payload) {
			p.refuse(protocol.CloseInvalidText, "text must be UTF-8")
			return
		}
		if answer, ok := p.h.heartbeats[string(m.Payload)]; ok {
			p.beat(answer)
			return
		}
		if p.heartbeat && protocol.IsHeartbeat(m.Payload, p.client.ID()) {
			p.beat(hub.NewFrame(&m))
			return
		}
	}
	p.client.Received(len(m.Payload))
	p.h.gateway.Message(p.client, m)
}

// beat answers a heartbeat: the negotiated one, or one of the application's own.
func (p *peer) beat(answer *hub.Frame) {
	p.h.metrics.heartbeats.Inc()
	if answer != nil {
		p.client.Send(answer) // a client that doesn't read its answers is closed by that
	}
}

// ping answers a ping once it has waited its turn.
func (p *peer) ping(data string) error {
	if p.client.Closing() {
		return nil
	}
	defer p.rescue()
	p.client.PauseReading()
	defer p.client.ResumeReading()
	if p.waitTurns(1) {
		frame := make([]byte, 0, 2+len(data))
		frame = append(frame, pongFrame, byte(len(data)))
		_, _ = p.client.WriteRaw(append(frame, data...)) // fails only on a connection that has ended, which the next read finds
	}
	return nil
}

// onClose takes the client's close frame and sends its echo. The codes that mean
// that there was none are never sent.
func onClose(s *melody.Session, code int, reason string) error {
	p := peerOf(s)
	defer p.rescue()
	if p.framing.badGateway {
		code = protocol.CloseBadGateway
	}
	p.client.Leave(hub.Cause{Code: code, Reason: reason, Initiator: protocol.ByClient})
	echo := []byte{closeFrame, 0}
	if code != protocol.CloseNoStatus {
		echo[1] = 2
		echo = binary.BigEndian.AppendUint16(echo, uint16(code))
	}
	_, _ = p.client.WriteRaw(echo) // fails only on a connection that has ended
	return nil
}

// onError judges why reading ended, where no close frame said so. The write pump
// comes here too, on its own goroutine, if a protocol error was quicker than its
// retirement.
func onError(s *melody.Session, err error) {
	if errors.Is(err, websocket.ErrCloseSent) {
		return
	}
	p := peerOf(s)
	defer p.rescue()
	var closed *websocket.CloseError
	switch {
	case p.broken:
		p.client.Leave(connectionLost)
	case errors.Is(err, websocket.ErrReadLimit):
		p.refuse(protocol.CloseTooBig, "message too big")
	case errors.As(err, &closed): // onClose has done what is to be done
	default:
		p.refuse(protocol.CloseProtocol, strings.TrimPrefix(err.Error(), "websocket: "))
	}
}

// refuse closes the connection for something that the client sent.
func (p *peer) refuse(code int, reason string) {
	p.client.Close(hub.Cause{Code: code, Reason: reason, Initiator: protocol.ByGateway}, nil, false)
}
