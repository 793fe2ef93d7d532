package cluster

import (
	"context"
	"encoding/binary"
)

// source is a peer's names, as far as this node has them.
type source struct {
	incarnation string
	epoch       epoch
	complete    bool   // slot has all names as of number
	slot        slot   // only if complete
	number      uint64 // of the last change that is in slot

	filling bool // all names are coming anew
	fill    slot
	fillID  epoch
	part    uint32 // the next one
}

// takeChanges takes changes of a peer's names.
func (d *directory) takeChanges(from Node, payload []byte, _ Reply) {
	if len(payload) < changesHead || (len(payload)-changesHead)%changeSize != 0 {
		return
	}
	answer := make([]byte, 0, ackSize)
	answer = append(answer, payload[:8]...)
	number, refused := d.apply(from, payload)
	answer = binary.BigEndian.AppendUint64(answer, number)
	answer = append(answer, refused)
	// An answer that doesn't arrive is asked for again.
	_ = d.cluster.send(from.Tag, kindDirectoryAck, answer)
}

// apply puts those changes into the tables that aren't there yet.
func (d *directory) apply(from Node, payload []byte) (number uint64, refused byte) {
	first, records := binary.BigEndian.Uint64(payload[8:]), payload[changesHead:]
	d.in.Lock()
	defer d.in.Unlock()
	s := d.sources[from.Tag]
	if s == nil || !s.complete || s.epoch != epoch(payload[:8]) || s.incarnation != from.Incarnation {
		return 0, 1
	}
	if first > s.number+1 {
		return s.number, 0 // something between was lost: it will be sent again
	}
	for n := first; len(records) > 0; n, records = n+1, records[changeSize:] {
		if n <= s.number {
			continue
		}
		s.number = n
		if kind := Kind(records[0] &^ gone); kind == UID || kind == Group {
			d.table(kind).set(digest(records[1:changeSize]), s.slot, records[0]&gone == 0, nil)
		}
	}
	return s.number, 0
}

// takeAll takes a part of all names of a peer. Those that it had stay beside them
// until the last part is there.
func (d *directory) takeAll(from Node, payload []byte, reply Reply) {
	defer reply.Done()
	ok := byte(0)
	if len(payload) >= partHead && (len(payload)-partHead)%len(digest{}) == 0 && d.fill(from, payload) {
		ok = 1
	}
	_ = reply.Part([]byte{ok}) // whoever gets no answer begins anew
}

func (d *directory) fill(from Node, payload []byte) bool {
	e, id := epoch(payload[:8]), epoch(payload[8:16])
	part, number := binary.BigEndian.Uint32(payload[16:]), binary.BigEndian.Uint64(payload[20:])
	last, kind := payload[28]&partLast != 0, Kind(payload[29])
	if kind != UID && kind != Group {
		return false
	}
	d.in.Lock()
	defer d.in.Unlock()
	s := d.sources[from.Tag]
	if s == nil {
		s = &source{}
		d.sources[from.Tag] = s
	}
	if part == 0 {
		d.abort(s)
		s.filling, s.fill, s.fillID, s.part = true, d.slots.take(from.Tag), id, 0
	}
	if !s.filling || s.fillID != id || s.part != part {
		return false
	}
	s.part++
	for b := payload[partHead:]; len(b) > 0; b = b[len(digest{}):] {
		d.table(kind).set(digest(b[:len(digest{})]), s.fill, true, nil)
	}
	if !last {
		return true
	}
	if s.complete {
		d.sweep(s.slot)
	}
	s.incarnation, s.epoch, s.complete, s.slot, s.number, s.filling = from.Incarnation, e, true, s.fill, number, false
	close(d.arrived)
	d.arrived = make(chan struct{})
	return true
}

// abort drops what came of names that didn't all come. It needs in.
func (d *directory) abort(s *source) {
	if s.filling {
		s.filling = false
		d.sweep(s.fill)
	}
}

// sweep drops all names in a slot: at once for whoever asks, and by and by from the
// tables.
func (d *directory) sweep(n slot) {
	d.slots.drop(n)
	d.workers.Go(func() {
		for _, t := range d.tables {
			t.clear(n)
		}
		d.slots.giveBack(n)
	})
}

// forgetSource drops the names of a node that is no member any more.
func (d *directory) forgetSource(n Node) {
	d.in.Lock()
	defer d.in.Unlock()
	s := d.sources[n.Tag]
	if s == nil || s.complete && s.incarnation != n.Incarnation {
		return // they are those of the node's next life
	}
	d.abort(s)
	if s.complete {
		d.sweep(s.slot)
	}
	delete(d.sources, n.Tag)
}

// meet waits until all peers that can be heard have sent all their names, or ctx ends.
func (d *directory) meet(ctx context.Context) error {
	for {
		d.in.Lock()
		arrived, missing := d.arrived, false
		for _, n := range d.cluster.hearing() {
			s := d.sources[n.Tag]
			missing = missing || s == nil || !s.complete || s.incarnation != n.Incarnation
		}
		d.in.Unlock()
		if !missing {
			return nil
		}
		select {
		case <-arrived:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
