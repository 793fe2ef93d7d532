package sqlite

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
	"os"
)

// A log is a header and frames, each a head and a page. Header and frames carry the
// log's salt and a sum of all before them. SQLite takes what lies before the first wrong
// sum, and says nothing of the rest.
const (
	walHeader = 32
	walFrame  = 24
	walMagic  = 0x377f0682
)

// cutOff counts the frames of this log that don't count, as a write leaves them that
// wasn't finished, or damage. What earlier logs left in the file isn't meant.
func cutOff(file string) (frames int) {
	f, err := os.Open(file)
	if err != nil {
		return 0
	}
	defer func() { _ = f.Close() }()
	r := bufio.NewReaderSize(f, 1<<16)
	head := make([]byte, walHeader)
	if _, err := io.ReadFull(r, head); err != nil || binary.BigEndian.Uint32(head)&^1 != walMagic {
		return 0
	}
	sum := walSum{order: binary.LittleEndian}
	if head[3]&1 == 1 {
		sum.order = binary.BigEndian
	}
	sum.add(head[:24])
	page := binary.BigEndian.Uint32(head[8:])
	if !sum.is(head[24:]) || page > 1<<16 {
		return 0
	}
	frame := make([]byte, walFrame+page)
	for good := true; ; {
		if _, err := io.ReadFull(r, frame); err != nil {
			return frames
		}
		sum.add(frame[:8])
		sum.add(frame[walFrame:])
		ours := bytes.Equal(frame[8:16], head[16:24])
		if good = good && ours && sum.is(frame[16:24]); !good && ours {
			frames++
		}
	}
}

// walSum is the sum that SQLite makes.
type walSum struct {
	order  binary.ByteOrder
	s0, s1 uint32
}

func (w *walSum) add(b []byte) {
	for ; len(b) >= 8; b = b[8:] {
		w.s0 += w.order.Uint32(b) + w.s1
		w.s1 += w.order.Uint32(b[4:]) + w.s0
	}
}

func (w *walSum) is(b []byte) bool {
	return binary.BigEndian.Uint32(b) == w.s0 && binary.BigEndian.Uint32(b[4:]) == w.s1
}
