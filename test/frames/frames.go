// Package frames reads and writes WebSocket frames as they are on the wire, for tests
// of what no library shows or sends. It knows nothing of Gatepost's own code.
package frames

import (
	"encoding/binary"
	"fmt"
	"io"
)

// Opcodes of RFC 6455.
const (
	OpText   = 1
	OpBinary = 2
	OpClose  = 8
	OpPing   = 9
	OpPong   = 10
)

// Frame is a whole message, or a control frame, from the gateway.
type Frame struct {
	Opcode  byte
	Payload string
}

// Text is a message of text.
func Text(s string) Frame { return Frame{OpText, s} }

// Binary is a message of bytes.
func Binary(s string) Frame { return Frame{OpBinary, s} }

// Close is the close frame with this code and reason.
func Close(code int, reason string) Frame {
	return Frame{OpClose, string(binary.BigEndian.AppendUint16(nil, uint16(code))) + reason}
}

// Code is a close frame's code; 0: it has none.
func (f Frame) Code() int {
	if f.Opcode != OpClose || len(f.Payload) < 2 {
		return 0
	}
	return int(binary.BigEndian.Uint16([]byte(f.Payload)))
}

// String is a text's payload; what else a frame is stands before it, and before a
// close frame's reason its code.
func (f Frame) String() string {
	switch f.Opcode {
	case OpClose:
		if len(f.Payload) < 2 {
			return "close"
		}
		return fmt.Sprintf("close %d %s", f.Code(), f.Payload[2:])
	case OpPing:
		return "ping " + f.Payload
	case OpPong:
		return "pong " + f.Payload
	case OpBinary:
		return "binary " + f.Payload
	default:
		return f.Payload
	}
}

// Read is the next frame. One that is in parts, masked or compressed is an error: the
// gateway sends none.
func Read(r io.Reader) (Frame, error) {
	var head [2]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return Frame{}, err
	}
	if head[0]&0xf0 != 0x80 || head[1]&0x80 != 0 {
		return Frame{}, fmt.Errorf("a frame begins with % x, want a final unmasked one", head)
	}
	n := uint64(head[1])
	extra := map[uint64]int{126: 2, 127: 8}[n]
	if extra > 0 {
		var length [8]byte
		if _, err := io.ReadFull(r, length[8-extra:]); err != nil {
			return Frame{}, err
		}
		n = binary.BigEndian.Uint64(length[:])
	}
	payload := make([]byte, n)
	if _, err := io.ReadFull(r, payload); err != nil {
		return Frame{}, err
	}
	return Frame{head[0] & 0x0f, string(payload)}, nil
}

// Masked is a frame as a client sends it, by a key of zeros. Its first byte is FIN, the
// reserved bits and the opcode, whatever RFC 6455 says of them.
func Masked(first byte, payload []byte) []byte {
	return append(append(head(first, 0x80, len(payload)), 0, 0, 0, 0), payload...)
}

// Bare is Masked without a mask, as no client may send it.
func Bare(first byte, payload []byte) []byte {
	return append(head(first, 0, len(payload)), payload...)
}

func head(first, mask byte, length int) []byte {
	b := []byte{first}
	switch {
	case length < 126:
		return append(b, mask|byte(length))
	case length < 1<<16:
		return binary.BigEndian.AppendUint16(append(b, mask|126), uint16(length))
	default:
		return binary.BigEndian.AppendUint64(append(b, mask|127), uint64(length))
	}
}
