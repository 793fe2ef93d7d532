package cluster

import (
	"encoding/binary"
	"errors"
	"strings"
)

// kind says what a message from one node to another is.
type kind byte

const (
	kindCall  kind = iota + 1 // to Host.Serve
	kindLeave                 // the sender leaves in order
	kindWho                   // is there a node of this name?

	// The directory, copies, taking over, handing over.
	kindDirectoryDelta kind = iota + 30
	kindDirectorySnapshot
	kindDirectoryAck
	kindCopies
	kindCopiesAck
	kindTakenOver
	kindLists
	kindAdopt
)

const (
	wireVersion = 1
	tagChars    = 8
	incChars    = 16
	// A frame's head: version, kind, flags, the sender's tag and incarnation, the
	// receiver's incarnation, and the number of the frame among those from the
	// one to the other.
	frameHead = 3 + tagChars + 2*incChars + 8

	// piece is the most that one NATS message carries of a larger one; servers
	// take 1 MiB unless told otherwise.
	piece = 512 << 10
	// maxMessage bounds what is put together again.
	maxMessage = 64 << 20

	flagMore    = 1  // the message, or the part of an answer, goes on in the next frame
	flagRest    = 2  // it began in an earlier one
	flagPart    = 4  // of an answer: this is a part, or a piece of one
	flagLast    = 8  // the answer ends here
	flagRefused = 16 // there is none
)

// anyInc stands for an incarnation that isn't known.
var anyInc = strings.Repeat("0", incChars)

var errFrame = errors.New("cluster: not a frame")

// frame is one NATS message from node to node.
type frame struct {
	kind     kind
	flags    byte
	from     string // tag
	fromInc  string
	toInc    string // anyInc: whoever has the tag
	number   uint64
	contents []byte
}

func appendFrame(b []byte, f *frame) []byte {
	b = append(b, wireVersion, byte(f.kind), f.flags)
	b = append(b, f.from...)
	b = append(b, f.fromInc...)
	b = append(b, f.toInc...)
	b = binary.BigEndian.AppendUint64(b, f.number)
	return append(b, f.contents...)
}

// parseFrame reads a frame; contents is a part of b.
func parseFrame(b []byte) (frame, error) {
	if len(b) < frameHead || len(b) > frameHead+piece || b[0] != wireVersion || b[1] == 0 || b[2]&^(flagMore|flagRest) != 0 {
		return frame{}, errFrame
	}
	f := frame{kind: kind(b[1]), flags: b[2]}
	names, rest := string(b[3:frameHead-8]), b[frameHead-8:]
	if !isID(names) {
		return frame{}, errFrame
	}
	f.from, f.fromInc, f.toInc = names[:tagChars], names[tagChars:tagChars+incChars], names[tagChars+incChars:]
	f.number, f.contents = binary.BigEndian.Uint64(rest), rest[8:]
	return f, nil
}

func isTag(s string) bool { return len(s) == tagChars && isID(s) }
func isInc(s string) bool { return len(s) == incChars && isID(s) }

// isID says whether s has only the characters of tags and incarnations.
func isID(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'v') {
			return false
		}
	}
	return true
}

// An answer's frame: version, flags, contents.
const answerHead = 2

func parseAnswer(b []byte) (flags byte, contents []byte, err error) {
	if len(b) < answerHead || len(b) > answerHead+piece || b[0] != wireVersion || b[1]&^(flagMore|flagPart|flagLast|flagRefused) != 0 {
		return 0, nil, errFrame
	}
	return b[1], b[answerHead:], nil
}

// appendSized appends what may be of any length, behind that (uvarint).
func appendSized[T string | []byte](b []byte, p T) []byte {
	return append(binary.AppendUvarint(b, uint64(len(p))), p...)
}

var errSized = errors.New("cluster: a length that makes no sense")

// cutSized cuts off what appendSized has appended; it is a piece of b, and never nil.
func cutSized(b []byte) (p, rest []byte, err error) {
	n, size := binary.Uvarint(b)
	if size <= 0 || n > uint64(len(b)-size) {
		return nil, nil, errSized
	}
	return b[size : size+int(n) : size+int(n)], b[size+int(n):], nil
}
