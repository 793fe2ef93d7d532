package ws

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"testing"

	"gatepost/test/frames"
)

// followed is what came of following some bytes in pieces of at most so many.
type followed struct {
	passed           []byte
	err              error
	pongs, fragments int
	badGateway       bool
}

func followIn(pieces int, sent []byte) followed {
	var (
		f   framing
		got followed
	)
	for piece := range slices.Chunk(bytes.Clone(sent), pieces) {
		n, err := f.follow(piece)
		got.passed = append(got.passed, piece[:n]...)
		if got.err = err; err != nil {
			break
		}
	}
	got.pongs, got.fragments, got.badGateway = f.pongs, f.fragments, f.badGateway
	return got
}

// long is a header whose length takes so many bytes more than it need.
func long(first byte, size int, length uint64) []byte {
	head := []byte{first, maskBit | length16}
	if size == 8 {
		head[1] = maskBit | length64
	}
	all := binary.BigEndian.AppendUint64(nil, length)
	return append(append(head, all[8-size:]...), make([]byte, maskBytes)...)
}

// What gorilla lets pass is found in front of gorilla, however the bytes come; and what
// makes no message is counted.
func TestFraming(t *testing.T) {
	for name, tt := range map[string]struct {
		sent             []byte
		err              error
		pongs, fragments int
	}{
		"messages, pings and a close": {sent: slices.Concat(frames.Masked(0x81, []byte("text")), frames.Masked(0x82, make([]byte, 126)), frames.Masked(0x82, make([]byte, 1<<16)),
			frames.Masked(0x81, nil), frames.Masked(0x89, []byte("ping")), frames.Masked(0x88, []byte("\x03\xe8bye")))},
		"an empty close":         {sent: frames.Masked(0x88, nil)},
		"unmasked is gorilla's":  {sent: frames.Bare(0x81, []byte("a"))},
		"pongs":                  {sent: append(frames.Masked(0x8a, nil), frames.Masked(0x8a, []byte("pong"))...), pongs: 2},
		"a message of fragments": {sent: slices.Concat(frames.Masked(0x01, []byte("a")), frames.Masked(0x00, make([]byte, smallFragment)), frames.Masked(0x80, nil))},
		"small fragments": {sent: slices.Concat(frames.Masked(0x01, nil), frames.Masked(0x00, nil), frames.Masked(0x00, []byte("a")),
			frames.Masked(0x00, make([]byte, smallFragment-1)), frames.Masked(0x80, nil)), fragments: 3},
		"0 in 2 bytes":               {sent: long(0x82, 2, 0), err: errLongLength},
		"125 in 2 bytes":             {sent: long(0x82, 2, 125), err: errLongLength},
		"125 in 2 bytes of a ping":   {sent: long(0x89, 2, 125), err: errLongLength},
		"0 in 8 bytes":               {sent: long(0x80, 8, 0), err: errLongLength},
		"126 in 8 bytes":             {sent: long(0x82, 8, 126), err: errLongLength},
		"65,535 in 8 bytes":          {sent: long(0x82, 8, 1<<16-1), err: errLongLength},
		"the top bit":                {sent: long(0x82, 8, 1<<63), err: errHugeLength},
		"all bits":                   {sent: long(0x82, 8, 1<<64-1), err: errHugeLength},
		"half a close code":          {sent: frames.Masked(0x88, []byte{3}), err: errCloseByte},
		"half a close code, no mask": {sent: frames.Bare(0x88, []byte{3}), err: errCloseByte},
	} {
		t.Run(name, func(t *testing.T) {
			before := frames.Masked(0x81, []byte("before"))
			for _, pieces := range []int{1, 2, 7, 384, 1 << 20} {
				sent := slices.Concat(before, tt.sent, before)
				got := followIn(pieces, sent)
				if !errors.Is(got.err, tt.err) || got.pongs != tt.pongs || got.fragments != tt.fragments {
					t.Fatalf("in pieces of %d: %v, %d pongs, %d fragments", pieces, got.err, got.pongs, got.fragments)
				}
				if want := len(sent); tt.err == nil && len(got.passed) != want || !bytes.HasPrefix(sent, got.passed) {
					t.Fatalf("in pieces of %d: passed % x", pieces, got.passed)
				}
				if tt.err != nil && (len(got.passed) < len(before) || len(got.passed) >= len(before)+len(tt.sent)) {
					t.Fatalf("in pieces of %d: %d bytes passed, want what stands in front of the fault", pieces, len(got.passed))
				}
			}
		})
	}
}

// FuzzFraming: what is found doesn't depend on how the bytes come, and is what a
// plain parser of whole frames finds.
func FuzzFraming(f *testing.F) {
	f.Add(frames.Masked(0x88, []byte("\x03\xf6bad gateway")), byte(1))
	f.Add(frames.Masked(0x8a, nil), byte(3))
	f.Add(slices.Concat(frames.Masked(0x01, nil), frames.Masked(0x00, make([]byte, 200)), frames.Masked(0x80, nil)), byte(5))
	f.Add(long(0x82, 2, 125), byte(2))
	f.Add(long(0x82, 8, 1<<63), byte(9))
	f.Add(frames.Bare(0x88, []byte{3}), byte(1))
	f.Fuzz(func(t *testing.T, sent []byte, pieces byte) {
		got, whole := followIn(max(int(pieces), 1), sent), followIn(max(len(sent), 1), sent)
		if got.err != whole.err || got.pongs != whole.pongs || got.fragments != whole.fragments ||
			got.badGateway != whole.badGateway || got.err == nil && !bytes.Equal(got.passed, whole.passed) {
			t.Fatalf("% x\nin pieces of %d %+v\nwhole %+v", sent, pieces, got, whole)
		}
		if want := plainly(sent); whole.err != want.err || whole.pongs != want.pongs || whole.fragments != want.fragments {
			t.Fatalf("% x\ngot  %+v\nwant %+v", sent, whole, want)
		}
	})
}

// plainly follows bytes that have come whole.
func plainly(b []byte) (got followed) {
	for len(b) >= 2 {
		size, length := 2, uint64(b[1]&0x7f)
		extra := map[uint64]int{126: 2, 127: 8}[length]
		if size += extra; len(b) < size {
			return got
		}
		if extra > 0 {
			length = 0
			for _, c := range b[2 : 2+extra] {
				length = length<<8 | uint64(c)
			}
		}
		switch {
		case extra == 2 && length < 126, extra == 8 && length < 1<<16:
			got.err = errLongLength
		case length >= 1<<63:
			got.err = errHugeLength
		case b[0]&0x0f == 8 && length == 1:
			got.err = errCloseByte
		case b[0]&0x8f == 0x8a:
			got.pongs++
		case b[0]&0x8f == 0 && length < smallFragment:
			got.fragments++
		}
		if b[1]&0x80 != 0 {
			size += 4
		}
		if got.err != nil || len(b) < size || uint64(len(b)-size) < length {
			return got
		}
		b = b[size+int(length):]
	}
	return got
}
