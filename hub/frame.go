package hub

import (
	"bytes"
	"encoding/binary"
	"slices"

	"gatepost/protocol"
)

// Opcodes of RFC 6455, section 5.2.
const (
	opText   = 0x1
	opBinary = 0x2
	opClose  = 0x8
	opPing   = 0x9
	opPong   = 0xA

	finBit     = 0x80
	opcodeBits = 0x0F
)

// referenceCost is what a waiting frame costs beside its own bytes, so that a
// flood of empty messages can't take more memory than its bytes say.
const referenceCost = 16

// Frame is one encoded WebSocket message, as a server writes it: final, unmasked,
// not compressed. It never changes, so that all the queues it waits in share it.
type Frame struct {
	wire    []byte
	message bool // false: a control frame, or a heartbeat of the application's kind
}

// NewFrame encodes m, whose payload is copied.
func NewFrame(m *protocol.Message) *Frame {
	opcode := byte(opText)
	if m.Binary {
		opcode = opBinary
	}
	return &Frame{wire: encode(opcode, m.Payload), message: true}
}

// cost is what the frame counts for in a queue, in bytes.
func (f *Frame) cost() int { return len(f.wire) + referenceCost }

// messages is 1 for a message, 0 for what isn't counted as one.
func (f *Frame) messages() int {
	if f.message {
		return 1
	}
	return 0
}

func encode(opcode byte, payload []byte) []byte {
	const longestHeader = 10
	wire := make([]byte, 0, longestHeader+len(payload))
	wire = append(wire, finBit|opcode)
	switch n := len(payload); {
	case n <= 125:
		wire = append(wire, byte(n))
	case n <= 0xFFFF:
		wire = binary.BigEndian.AppendUint16(append(wire, 126), uint16(n))
	default:
		wire = binary.BigEndian.AppendUint64(append(wire, 127), uint64(n))
	}
	return append(wire, payload...)
}

// rawFrame is a frame that somebody else encoded; wire is copied.
func rawFrame(wire []byte) *Frame { return &Frame{wire: bytes.Clone(wire)} }

// behind is the frame, which may be nil, with bytes in front of it that are no frame;
// nil where there is nothing at all.
func (f *Frame) behind(bytes []byte) *Frame {
	switch {
	case len(bytes) == 0:
		return f
	case f == nil:
		return rawFrame(bytes)
	}
	return &Frame{wire: slices.Concat(bytes, f.wire), message: f.message}
}

// closeFrame is the frame that tells cause, or nil where RFC 6455, section 7.4.1
// forbids its code on the wire.
func closeFrame(cause Cause) *Frame {
	if !onWire(cause.Code) {
		return nil
	}
	payload := binary.BigEndian.AppendUint16(nil, uint16(cause.Code))
	return &Frame{wire: encode(opClose, append(payload, protocol.Clip(cause.Reason, protocol.MaxReasonBytes)...))}
}

func onWire(code int) bool {
	const tlsHandshake = 1015
	return code != protocol.CloseNoStatus && code != protocol.CloseAbnormal && code != tlsHandshake
}
