package store

import (
	"fmt"
	"strings"
)

// survey is what the blocks on the disk hold, before the server sees them.
type survey struct {
	*loaded
	messages int
	faults   []blockFault
}

// surveyBlocks reads a stream's blocks. first is the sequence number below
// which all was removed by right, 0 if that isn't known.
func surveyBlocks(dir, stream, subject string, first uint64) (*survey, error) {
	v := &survey{}
	d := &loader{loaded: loaded{index: newIndex()}}
	faults, err := readBlocks(dir, stream, subject, func(seq uint64, data []byte) {
		if seq <= d.last {
			return // a block that was rewritten by the server, and died before the old one went
		}
		if d.last == 0 && first > 0 && seq > first {
			d.missing += seq - first
		}
		v.messages++
		d.last = seq
		d.message(seq, data)
	})
	if err != nil {
		return nil, err
	}
	d.apply()
	if v.messages == 0 && first > 0 {
		d.missing++ // how many isn't known
	}
	v.loaded, v.faults = &d.loaded, faults
	return v, nil
}

// tail is how many bytes of an unfinished write the log ends with, as a kill
// can leave them. The server cuts them off; nobody was told that they are kept.
func (v *survey) tail() int {
	if len(v.faults) == 1 && v.faults[0].tail && v.faults[0].bytes <= 1<<20 {
		return v.faults[0].bytes
	}
	return 0
}

// damaged says whether more is wrong than an unfinished write at the end.
func (v *survey) damaged() bool {
	return v.loaded.damage() != "" || len(v.faults) > 0 && v.tail() == 0
}

// words says what is damaged.
func (v *survey) words() string {
	var said []string
	for _, f := range v.faults[:min(len(v.faults), 3)] {
		said = append(said, fmt.Sprintf("%d bytes at %d of block %s can't be read", f.bytes, f.at, f.file))
	}
	if n := len(v.faults) - 3; n > 0 {
		said = append(said, fmt.Sprintf("and %d places more", n))
	}
	if d := v.loaded.damage(); d != "" {
		said = append(said, d)
	}
	return strings.Join(said, "; ")
}
