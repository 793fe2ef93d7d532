package ws

import (
	"encoding/binary"
	"errors"
	"math"

	"gatepost/protocol"
)

// Parts of a frame's header (RFC 6455, section 5.2).
const (
	finBit    = 0x80
	opcode    = 0x0f
	maskBit   = 0x80
	length7   = 0x7f // of the second byte: the length, or one of the two that follow
	length16  = 126  // the length is in the next 2 bytes
	length64  = 127  // or in the next 8
	maxHeader = 2 + 8 + 4
	maskBytes = 4

	continuation = 0
)

// smallFragment is the payload, in bytes, below which a fragment in the middle of a
// message costs a turn of its own: it is work that brings next to nothing.
const smallFragment = 64

// What gorilla takes and RFC 6455 forbids. Their texts are the reasons that a client is
// closed with 1002 for.
var (
	errLongLength = errors.New("a length isn't in its shortest form") // section 5.2
	errHugeLength = errors.New("a length has its top bit set")        // section 5.2
	errCloseByte  = errors.New("a close frame has half a code")       // section 5.5.1
)

// framing follows the frames' headers in what is read, before gorilla has it: it finds
// what gorilla lets pass, and counts the frames that make no message. Its zero value is
// at the beginning of a frame.
type framing struct {
	header [maxHeader]byte
	have   int    // bytes of header
	size   int    // of the header; known from its second byte on
	left   uint64 // of the payload; known once the header's length is

	pongs, fragments int  // that were counted; for the caller to take away
	badGateway       bool // the close frame's code was 1014
}

// follow goes through the next bytes of the connection. It gives how many of them are in
// front of a length that breaks a rule, with the rule; or all. It may change the code of a
// close frame: see swapCode.
func (f *framing) follow(b []byte) (int, error) {
	for i := 0; i < len(b); {
		if f.have < 2 || f.have < f.size {
			f.header[f.have] = b[i]
			f.have++
			if err := f.grown(); err != nil {
				return i, err
			}
			i++
		} else {
			n := int(min(f.left, uint64(len(b)-i)))
			if f.header[0]&opcode == closeFrame&opcode {
				f.swapCode(b[i : i+n])
			}
			i, f.left = i+n, f.left-uint64(n)
		}
		if f.have >= 2 && f.have == f.size && f.left == 0 {
			f.have = 0
		}
	}
	return len(b), nil
}

// grown takes up one byte more of a header.
func (f *framing) grown() error {
	if f.have < 2 {
		return nil
	}
	lengthEnd, mask := 2, 0
	switch f.header[1] & length7 {
	case length16:
		lengthEnd += 2
	case length64:
		lengthEnd += 8
	}
	if f.header[1]&maskBit != 0 {
		mask = maskBytes
	}
	f.size = lengthEnd + mask
	if f.have != lengthEnd {
		return nil
	}
	length, err := f.length()
	if err == nil {
		f.count(length)
		f.left = length
	}
	return err
}

// length is the payload's. It needs the header up to the mask.
func (f *framing) length() (uint64, error) {
	switch length := uint64(f.header[1] & length7); length {
	case length16:
		length = uint64(binary.BigEndian.Uint16(f.header[2:]))
		if length < length16 {
			return 0, errLongLength
		}
		return length, nil
	case length64:
		length = binary.BigEndian.Uint64(f.header[2:])
		switch {
		case length <= math.MaxUint16:
			return 0, errLongLength
		case length > math.MaxInt64:
			return 0, errHugeLength
		}
		return length, nil
	case 1:
		if f.header[0]&opcode == closeFrame&opcode {
			return 0, errCloseByte
		}
		return length, nil
	default:
		return length, nil
	}
}

// count counts a frame that makes no message. A message's first and last fragments are
// paid for with it, a ping when it is answered.
func (f *framing) count(length uint64) {
	switch f.header[0] & (finBit | opcode) {
	case pongFrame:
		f.pongs++
	case continuation:
		if length < smallFragment {
			f.fragments++
		}
	}
}

// swapCode has gorilla, which doesn't know 1014 (RFC 6455, section 7.4.2, and IANA's
// registry), see 1012 in its place; badGateway says what it was. b is of a close frame's
// payload and follows what came of that before.
func (f *framing) swapCode(b []byte) {
	const high, low, known = protocol.CloseBadGateway >> 8, protocol.CloseBadGateway & 0xff, 1012 & 0xff
	at := int(uint64(f.header[1]&length7) - f.left)
	mask := f.header[2:]
	if f.header[1]&maskBit == 0 || at > 1 {
		return
	}
	if at == 0 {
		f.badGateway = b[0]^mask[0] == high
		b = b[1:]
	}
	if len(b) == 0 {
		return
	}
	if f.badGateway = f.badGateway && b[0]^mask[1] == low; f.badGateway {
		b[0] = known ^ mask[1]
	}
}
