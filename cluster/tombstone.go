package cluster

import (
	"cmp"
	"hash/fnv"
	"maps"
	"slices"
	"time"
)

// tombstone is what this node knows of an incarnation that is gone.
type tombstone struct {
	departed
	// lastAck is when this node last heard it and acknowledged that.
	lastAck moment
	clear   map[string]bool // electors that are clear, as far as known
	heir    bool            // a later incarnation of the node was heard: this one should have ended
}

// keepGone is how long a tombstone is remembered.
const keepGone = 7 * 24 * time.Hour

func (d *departed) outdated(now moment) bool {
	return now.wall-time.Duration(d.At)*time.Second > keepGone
}

// markGone begins the end of a member: it is not acknowledged any more. One
// that left is gone at once; one that is lost when no lease of its can last.
func (r *roster) markGone(m *member, isLost bool, now moment) *tombstone {
	tomb := &tombstone{departed: departed{nodeStart: m.start(), Name: m.name, Lost: isLost, At: now.wall.Nanoseconds() / 1e9}}
	if isLost {
		tomb.Electors = append(slices.Collect(maps.Keys(r.members)), r.tag)
		slices.Sort(tomb.Electors)
		tomb.Own = m.own
	}
	r.note(tomb)
	if !isLost {
		r.end(tomb)
	}
	return tomb
}

// note begins to remember a tombstone.
func (r *roster) note(tomb *tombstone) {
	tomb.clear = make(map[string]bool)
	r.gone[tomb.nodeStart] = tomb
	if m := r.members[tomb.Tag]; m != nil && m.inc == tomb.Inc {
		tomb.lastAck = m.heardAt
		if m.hearing && !tomb.Lost { // by its own word, not because of silence
			m.hearing = false
			r.tell(m, nowSilent, left)
		}
		r.setHearing(m, false)
	}
	r.change()
	if len(r.gone) > maxGone {
		oldest := slices.MinFunc(slices.Collect(maps.Values(r.gone)), func(a, b *tombstone) int { return cmp.Compare(a.At, b.At) })
		delete(r.gone, oldest.nodeStart)
	}
}

// end makes a tombstone final.
func (r *roster) end(tomb *tombstone) {
	tomb.Final, tomb.Clear = true, true
	r.change()
	if m := r.members[tomb.Tag]; m != nil && m.inc == tomb.Inc {
		r.setHearing(m, false)
		delete(r.members, tomb.Tag)
		if tomb.Lost {
			r.tell(m, nowGone, lost)
		} else {
			r.tell(m, nowGone, left)
		}
		r.confirm()
	}
}

// learnGone takes over what another node knows of those who are gone: of this
// node from anybody, of others from fellow members.
func (r *roster) learnGone(b *beat, now moment) {
	m := r.members[b.tag]
	fellow := m != nil && m.inc == b.Inc && r.gone[m.start()] == nil && listsMember(b, r.tag, r.inc)
	for i := range b.Gone {
		d := &b.Gone[i]
		if d.Tag == r.tag {
			switch mine := d.Inc == r.inc || slices.Contains(r.prev, d.Inc); {
			case !mine || r.state == leaving:
			case d.Final:
				r.state, r.evictedInc = evicted, d.Inc
			default:
				r.suspect(now)
			}
			continue
		}
		tomb := r.gone[d.nodeStart]
		if tomb == nil {
			if !fellow || d.outdated(now) {
				continue
			}
			tomb = &tombstone{departed: departed{nodeStart: d.nodeStart, Name: d.Name, Lost: d.Lost, Electors: d.Electors, Own: d.Own, At: d.At}}
			r.note(tomb)
		}
		if tomb.Lost && !tomb.Final && !d.Lost && fellow { // it wasn't lost, it left
			tomb.Lost = false
			r.end(tomb)
		}
		if tomb.Lost != d.Lost {
			continue
		}
		if fellow && (d.Clear || d.Final) {
			tomb.clear[b.tag] = true
		}
		if d.Final && !tomb.Final && fellow {
			r.end(tomb)
		}
	}
	for _, tomb := range r.gone {
		if tomb.Tag == b.tag && (b.Inc > tomb.Inc || slices.Contains(b.Prev, tomb.Inc)) {
			tomb.heir = true
		}
	}
}

// finish makes the tombstones of the lost final for which a majority is clear.
func (r *roster) finish(now moment) {
	for _, tomb := range r.gone {
		if tomb.outdated(now) {
			delete(r.gone, tomb.nodeStart)
			r.changes++
			continue
		}
		if tomb.Final {
			continue
		}
		wait := r.t.lease + r.t.margin
		if !tomb.Clear && now.waited(r.began) >= wait && (tomb.lastAck.zero() || now.waited(tomb.lastAck) >= wait) {
			tomb.Clear = true
			r.change()
		}
		// What is told of this node counts when it is kept.
		if tomb.Clear && r.public[tomb.nodeStart] {
			tomb.clear[r.tag] = true
		}
		clear := slices.Collect(maps.Keys(tomb.clear))
		switch {
		case !tomb.clear[r.tag]:
		case len(tomb.Own) <= leaseless: // it had no lease that could end, but it has an heir
			if tomb.heir {
				r.end(tomb)
			}
		case most(tomb.Own, clear) && most(tomb.Electors, clear):
			r.end(tomb)
		}
	}
}

// tombstones lists what the others should hear: losses under way, whatever
// somebody who is heard doesn't seem to know, and all to a member that knows others.
func (r *roster) tombstones() []departed {
	var list []departed
	digest, differs := r.digest(), false
	for _, m := range r.members {
		differs = differs || m.hearing && m.beat.Known != digest
	}
	for start, tomb := range r.gone {
		if r.public[start] && (!tomb.Final || differs || r.unknown(tomb)) && len(list) < maxGone {
			list = append(list, tomb.departed)
		}
	}
	return list
}

// digest is the same for nodes that know of the same tombstones.
func (r *roster) digest() (sum uint64) {
	for start := range r.gone {
		if r.public[start] {
			h := fnv.New64a()
			_, _ = h.Write([]byte(start.Tag + start.Inc))
			sum ^= h.Sum64()
		}
	}
	return sum
}

// unknown says whether somebody doesn't know of a tombstone.
func (r *roster) unknown(tomb *tombstone) bool {
	ignorant := func(b *beat) bool {
		if b.tag == tomb.Tag && (b.Inc == tomb.Inc || slices.Contains(b.Prev, tomb.Inc)) {
			return true
		}
		if listsMember(b, tomb.Tag, tomb.Inc) {
			return true
		}
		return slices.ContainsFunc(b.Gone, func(d departed) bool { return d.nodeStart == tomb.nodeStart && !d.Final })
	}
	for _, m := range r.members {
		if m.beat != nil && m.hearing && ignorant(m.beat) {
			return true
		}
	}
	for _, o := range r.others {
		if ignorant(o.beat) {
			return true
		}
	}
	return false
}
