package cluster

import (
	"cmp"
	"hash/fnv"
	"maps"
	"slices"
	"time"
)

// farewell is what this node knows of an incarnation that is gone.
type farewell struct {
	departed
	// lastAck is when this node last heard it and acknowledged that.
	lastAck moment
	clear   map[string]bool // electors that are clear, as far as known
	heir    bool            // a later incarnation of the node was heard: this one should have ended
}

// keepGone is how long a farewell is remembered.
const keepGone = 7 * 24 * time.Hour

// bidFarewell begins the end of a member: it is not acknowledged any more. One
// that left is gone at once; one that is lost when no lease of its can last.
func (r *roster) bidFarewell(m *member, isLost bool, now moment) *farewell {
	f := &farewell{departed: departed{nodeStart: m.start(), Name: m.name, Lost: isLost, At: now.wall.Nanoseconds() / 1e9}}
	if isLost {
		f.Electors = append(slices.Collect(maps.Keys(r.members)), r.tag)
		slices.Sort(f.Electors)
		f.Own = m.own
	}
	r.note(f)
	if !isLost {
		r.end(f)
	}
	return f
}

// note begins to remember a farewell.
func (r *roster) note(f *farewell) {
	f.clear = make(map[string]bool)
	r.gone[f.nodeStart] = f
	if m := r.members[f.Tag]; m != nil && m.inc == f.Inc {
		f.lastAck = m.heardAt
		if m.hearing && !f.Lost { // by its own word, not because of silence
			m.hearing = false
			r.tell(m, nowSilent, left)
		}
		r.setHearing(m, false)
	}
	r.change()
	if len(r.gone) > maxGone {
		oldest := slices.MinFunc(slices.Collect(maps.Values(r.gone)), func(a, b *farewell) int { return cmp.Compare(a.At, b.At) })
		delete(r.gone, oldest.nodeStart)
	}
}

// end makes a farewell final.
func (r *roster) end(f *farewell) {
	f.Final, f.Clear = true, true
	r.change()
	if m := r.members[f.Tag]; m != nil && m.inc == f.Inc {
		r.setHearing(m, false)
		delete(r.members, f.Tag)
		if f.Lost {
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
				r.state = condemned
			default:
				r.foretold(now)
			}
			continue
		}
		f := r.gone[d.nodeStart]
		if f == nil {
			if !fellow || now.wall-time.Duration(d.At)*time.Second > keepGone {
				continue
			}
			f = &farewell{departed: departed{nodeStart: d.nodeStart, Name: d.Name, Lost: d.Lost, Electors: d.Electors, Own: d.Own, At: d.At}}
			r.note(f)
		}
		if f.Lost && !f.Final && !d.Lost && fellow { // it wasn't lost, it left
			f.Lost = false
			r.end(f)
		}
		if f.Lost != d.Lost {
			continue
		}
		if fellow && (d.Clear || d.Final) {
			f.clear[b.tag] = true
		}
		if d.Final && !f.Final && fellow {
			r.end(f)
		}
	}
	for _, f := range r.gone {
		if f.Tag == b.tag && (b.Inc > f.Inc || slices.Contains(b.Prev, f.Inc)) {
			f.heir = true
		}
	}
}

// finish ends the farewells of the lost for which a majority is clear.
func (r *roster) finish(now moment) {
	for _, f := range r.gone {
		if now.wall-time.Duration(f.At)*time.Second > keepGone {
			delete(r.gone, f.nodeStart)
			r.changes++
			continue
		}
		if f.Final {
			continue
		}
		wait := r.t.lease + r.t.margin
		if !f.Clear && now.waited(r.began) >= wait && (f.lastAck.zero() || now.waited(f.lastAck) >= wait) {
			f.Clear = true
			r.change()
		}
		// What is told of this node counts when it is kept.
		if f.Clear && r.public[f.nodeStart] {
			f.clear[r.tag] = true
		}
		clear := slices.Collect(maps.Keys(f.clear))
		switch {
		case !f.clear[r.tag]:
		case len(f.Own) <= leaseless: // it had no lease that could end, but it has an heir
			if f.heir {
				r.end(f)
			}
		case most(f.Own, clear) && most(f.Electors, clear):
			r.end(f)
		}
	}
}

// farewells lists what the others should hear: losses under way, whatever
// somebody who is heard doesn't seem to know, and all to a member that knows others.
func (r *roster) farewells() []departed {
	var list []departed
	digest, differs := r.digest(), false
	for _, m := range r.members {
		differs = differs || m.hearing && m.beat.Known != digest
	}
	for start, f := range r.gone {
		if r.public[start] && (!f.Final || differs || r.unknown(f)) && len(list) < maxGone {
			list = append(list, f.departed)
		}
	}
	return list
}

// digest is the same for nodes that know of the same farewells.
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

// unknown says whether somebody doesn't know of a farewell.
func (r *roster) unknown(f *farewell) bool {
	ignorant := func(b *beat) bool {
		if b.tag == f.Tag && (b.Inc == f.Inc || slices.Contains(b.Prev, f.Inc)) {
			return true
		}
		if listsMember(b, f.Tag, f.Inc) {
			return true
		}
		return slices.ContainsFunc(b.Gone, func(d departed) bool { return d.nodeStart == f.nodeStart && !d.Final })
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
