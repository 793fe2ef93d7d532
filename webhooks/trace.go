package webhooks

import (
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
)

// traceparent is the header of W3C Trace Context for one attempt: a span of its
// own in the event's trace.
func traceparent(traceID string) string {
	var id [8]byte
	binary.BigEndian.PutUint64(id[:], rand.Uint64()|1) // all zeros means none
	var room [64]byte
	b := append(room[:0], "00-"...)
	b = append(append(b, traceID...), '-')
	b = append(hex.AppendEncode(b, id[:]), "-01"...)
	return string(b)
}

// traceOr is id if it can be a trace's (32 lower-case hex digits, not all zero),
// or else a random one.
func traceOr(id string) string {
	if validTrace(id) {
		return id
	}
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], rand.Uint64()|1)
	binary.BigEndian.PutUint64(b[8:], rand.Uint64())
	return hex.EncodeToString(b[:])
}

func validTrace(id string) bool {
	if len(id) != 32 {
		return false
	}
	zero := true
	for _, c := range []byte(id) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
		zero = zero && c == '0'
	}
	return !zero
}
