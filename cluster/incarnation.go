package cluster

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/binary"
	"time"
)

var incAlphabet = base32.NewEncoding("0123456789abcdefghijklmnopqrstuv").WithPadding(base32.NoPadding)

// newIncarnation makes one that sorts behind all earlier ones of the node, and
// that nobody else makes: 48 bits of milliseconds and 32 random ones.
func newIncarnation(earlier string) string {
	var b [10]byte
	binary.BigEndian.PutUint64(b[:], uint64(time.Now().UnixMilli())<<16)
	if last, err := incAlphabet.DecodeString(earlier); err == nil && len(last) == len(b) {
		if was := binary.BigEndian.Uint64(last) >> 16; was >= binary.BigEndian.Uint64(b[:])>>16 {
			binary.BigEndian.PutUint64(b[:], (was+1)<<16) // the clock was set back
		}
	}
	_, _ = rand.Read(b[6:])
	return incAlphabet.EncodeToString(b[:])
}
