package cluster

import (
	"encoding/binary"
	"time"
)

// Changes go out as the epoch, the number of the first (8), and for each change its
// op (1) and digest (16). All names go out in parts: epoch, id of this sending (8),
// the part's number (4), the number of the last change before it was begun (8), a
// byte whose bit partLast says that it is the last, the kind (1), digests. The
// answer to changes is the epoch, the number of the last change that is there (8),
// and a byte: 1 if all names are wanted.
const (
	changesHead = 16
	changeSize  = 17
	partHead    = 30
	partLast    = 1
	ackSize     = 17
	// namesAtOnce is how many names go into one part.
	namesAtOnce = 8 << 10
	// anew is after how long changes are sent again that nobody acknowledged.
	anew = 500 * time.Millisecond
	// retry is after how long all names are sent again that somebody didn't take.
	retry = 100 * time.Millisecond
)

func (d *directory) onHeard(n Node) {
	d.mu.Lock()
	d.followers.heard(n.Tag, n.Incarnation)
	d.publish()
	d.mu.Unlock()
	notify(d.wake)
}

func (d *directory) onSilent(n Node) {
	d.mu.Lock()
	d.followers.silence(n.Tag)
	d.publish()
	d.mu.Unlock()
}

func (d *directory) onGone(n Node, _ departure) {
	d.mu.Lock()
	if p := d.followers.find(n.Tag); p != nil && p.incarnation == n.Incarnation {
		d.followers.remove(n.Tag)
		d.publish()
	}
	d.mu.Unlock()
	d.forgetSource(n)
}

// startOver sends everybody all names anew: they have forgotten this node's.
func (d *directory) startOver(incarnation string) {
	d.mu.Lock()
	d.epoch, d.incarnation = newEpoch(), incarnation
	for _, p := range d.followers.all {
		p.whole = false
	}
	d.publish()
	d.mu.Unlock()
	notify(d.wake)
}

// checkLife looks whether this node has become a new incarnation.
func (d *directory) checkLife() {
	now := d.cluster.Self().Incarnation
	d.mu.Lock()
	known := d.incarnation
	d.mu.Unlock()
	if now != known {
		d.startOver(now)
	}
}

// delivery is what one peer is sent.
type delivery struct {
	tag     string
	first   uint64
	changes []change
}

// tellAll sends what is to be sent, and says whether there was anything to send.
func (d *directory) tellAll() (sent bool) {
	var out []delivery
	d.mu.Lock()
	now, e := time.Now(), d.epoch
	for _, p := range d.followers.all {
		if first, changes := d.followers.next(p, now, anew); changes != nil {
			out = append(out, delivery{p.tag, first, changes})
		}
		if !p.whole && !p.fresh && !p.silent && now.Sub(p.tried) >= retry {
			p.tried = now
			d.followers.began(p)
			number := p.acked
			d.workers.Go(func() { d.tellNames(p, e, number) })
		}
	}
	d.publish()
	d.mu.Unlock()
	for _, o := range out {
		// What doesn't arrive isn't acknowledged, and sent again.
		_ = d.cluster.send(o.tag, kindDirectoryDelta, encodeChanges(e, o.first, o.changes))
	}
	return len(out) > 0
}

func encodeChanges(e epoch, first uint64, changes []change) []byte {
	b := make([]byte, 0, changesHead+changeSize*len(changes))
	b = append(b, e[:]...)
	b = binary.BigEndian.AppendUint64(b, first)
	for i := range changes {
		b = append(b, changes[i].op)
		b = append(b, changes[i].digest[:]...)
	}
	return b
}

// tellNames sends a peer all names that this node has. They are read while changes
// go on: those from behind number on follow, and have the last word on each name.
func (d *directory) tellNames(p *follower, e epoch, number uint64) {
	ok := d.sendNames(p.tag, e, number)
	d.mu.Lock()
	d.followers.finished(p, ok && d.epoch == e)
	d.publish()
	d.mu.Unlock()
	notify(d.wake)
}

func (d *directory) sendNames(tag string, e epoch, number uint64) bool {
	id := newEpoch()
	part := uint32(0)
	send := func(kind Kind, names []digest, flags byte) bool {
		b := make([]byte, 0, partHead+len(names)*len(digest{}))
		b = append(append(b, e[:]...), id[:]...)
		b = binary.BigEndian.AppendUint32(b, part)
		b = binary.BigEndian.AppendUint64(b, number)
		b = append(b, flags, byte(kind))
		for i := range names {
			b = append(b, names[i][:]...)
		}
		part++
		answer, err := d.cluster.transfer(d.ctx, tag, kindDirectorySnapshot, b)
		return err == nil && answer == 1
	}
	for _, kind := range []Kind{UID, Group} {
		var names []digest
		for i := range tableShards {
			names = append(names, d.table(kind).of(i, self)...)
			for len(names) >= namesAtOnce {
				if !send(kind, names[:namesAtOnce], 0) {
					return false
				}
				names = names[namesAtOnce:]
			}
		}
		last := byte(0)
		if kind == Group {
			last = partLast
		}
		if (len(names) > 0 || last != 0) && !send(kind, names, last) {
			return false
		}
	}
	return true
}

// takeAck takes a peer's answer to changes.
func (d *directory) takeAck(from Node, payload []byte, _ Reply) {
	if len(payload) != ackSize {
		return
	}
	number, refused := binary.BigEndian.Uint64(payload[8:]), payload[16] != 0
	d.mu.Lock()
	defer d.mu.Unlock()
	p := d.followers.find(from.Tag)
	if p == nil || epoch(payload[:8]) != d.epoch {
		return
	}
	if refused {
		p.whole = false
	} else {
		d.followers.acknowledged(p, number)
	}
	d.publish()
	notify(d.wake)
}
