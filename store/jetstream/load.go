package jetstream

import (
	"context"
	"fmt"
	"strings"

	"github.com/nats-io/nats.go/jetstream"
)

// loaded is what one pass over the log found.
type loaded struct {
	index *index
	last  uint64 // the stream's last message
	good  uint64 // the last one that counts

	unreadable int // messages that are damaged or none of ours
	missing    uint64
	records    int // records that can't be read
}

// loader goes through the log from its beginning. It holds each message back
// until the next one says whether it counts.
type loader struct {
	loaded
	held    []byte
	heldSeq uint64
	until   uint64 // later messages don't count; 0: all may
}

// load reads the whole log; until, unless 0, is the last message that counts.
// It ends whatever is in the stream: each step goes on.
func load(ctx context.Context, l *link, state jetstream.StreamState, until uint64) (*loaded, error) {
	d := &loader{loaded: loaded{index: newIndex(), last: state.LastSeq}, until: until}
	skips := state.Msgs + 1
	for next := max(state.FirstSeq, 1); next <= state.LastSeq; {
		n, err := l.read(ctx, next, func(seq uint64, data []byte) {
			d.message(seq, data)
			next = seq + 1
		})
		if err != nil {
			return nil, fmt.Errorf("reading the log at %d: %w", next, err)
		}
		if n > 0 {
			continue
		}
		// The first of the batch is damaged: step over it.
		next++
		if skips--; skips == 0 {
			break
		}
	}
	end := state.LastSeq
	if until > 0 {
		end = min(end, until)
	}
	if d.heldSeq < end {
		d.missing += end - d.heldSeq
	}
	d.apply()
	return &d.loaded, nil
}

// message takes the next one.
func (d *loader) message(seq uint64, data []byte) {
	d.index.append(seq, len(data))
	if d.until == 0 || seq <= d.until {
		d.follow(seq, data)
	}
}

// follow lets the message that is held back count, unless this one says that
// it was given up, and holds this one back.
func (d *loader) follow(seq uint64, data []byte) {
	_, previous, err := readHead(data)
	if err != nil {
		d.unreadable++
		return
	}
	switch {
	case d.heldSeq == 0:
		// The first one; what it follows may be gone by right.
	case previous < d.heldSeq:
		d.held = nil // given up
	case previous > d.heldSeq:
		d.missing += previous - d.heldSeq
	}
	d.apply()
	d.held, d.heldSeq = data, seq
}

// apply lets the message that is held back count.
func (d *loader) apply() {
	if d.held == nil {
		return
	}
	d.good = d.heldSeq
	seq := d.heldSeq
	d.records += records(d.held, func(r record, off, size int) {
		if r.op == opDelete {
			d.index.delete(string(r.key))
			return
		}
		d.index.put(string(r.key), place{seq: seq, off: uint32(off), size: uint32(size)})
	})
	d.held = nil
}

// damage says in words what was wrong; "" if nothing was.
func (d *loaded) damage() string {
	var said []string
	if d.missing > 0 {
		said = append(said, fmt.Sprintf("%d messages of the log are missing", d.missing))
	}
	if d.unreadable > 0 {
		said = append(said, fmt.Sprintf("%d messages of the log can't be read", d.unreadable))
	}
	if d.records > 0 {
		said = append(said, fmt.Sprintf("%d records have wrong checksums", d.records))
	}
	return strings.Join(said, "; ")
}
