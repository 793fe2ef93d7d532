package cluster

import (
	"cmp"
	"slices"
)

// leaseless is up to how many members there is no lease: nobody declares anybody
// lost, so nobody has to stop.
const leaseless = 2

// count is how many members there are, with this node.
func (r *roster) count() int { return len(r.members) + 1 }

// majority is how many members are more than half of them.
func (r *roster) majority() int { return r.count()/2 + 1 }

// leaseStart is when the beat went out that a majority has acknowledged; zero if
// there is none.
func (r *roster) leaseStart(now moment) moment {
	acks := make([]moment, 0, len(r.members))
	for _, m := range r.members {
		if m.confirmed && !m.acked.zero() && m.beat != nil && listsMember(m.beat, r.tag, r.inc) && r.gone[m.start()] == nil {
			acks = append(acks, m.acked)
		}
	}
	need := r.majority() - 1
	if len(acks) < need || need == 0 {
		return moment{}
	}
	slices.SortFunc(acks, func(a, b moment) int { return cmp.Compare(now.age(a), now.age(b)) })
	return acks[need-1]
}

// holds says whether this node has a lease.
func (r *roster) holds(now moment) bool {
	start := r.leaseStart(now)
	return !start.zero() && now.age(start) < r.t.lease
}

// watchLease notes since when the lease has been unbroken. While there is none,
// the silence of others means nothing: it may be this node that can't be heard.
func (r *roster) watchLease(now moment) {
	if r.count() <= leaseless {
		r.held = moment{}
		return
	}
	if !r.holds(now) {
		r.held, r.watch = moment{}, now
	} else if r.held.zero() {
		r.held = now
	}
}

// silent says whether a member hasn't been heard for so long that no lease of
// its own can depend on this node.
func (r *roster) silent(m *member, now moment) bool {
	if r.count() <= leaseless || r.gone[m.start()] != nil {
		return false
	}
	wait := r.t.lease + r.t.margin
	return (m.heardAt.zero() || now.waited(m.heardAt) >= wait) && now.waited(r.watch) >= wait && now.waited(r.began) >= wait
}

// declare declares members lost that a majority hasn't heard for long. One does
// it: the first by tag of those who agree.
func (r *roster) declare(now moment) {
	if r.held.zero() || now.waited(r.held) < r.t.lease || r.state != serving {
		return
	}
	for _, m := range r.inOrder() {
		if !r.silent(m, now) {
			continue
		}
		votes, first := 1, true
		for _, v := range r.members {
			if v.hearing && v.confirmed && slices.Contains(v.beat.Silent, m.start()) {
				votes++
				first = first && r.tag < v.tag
			}
		}
		if votes >= r.majority() && first {
			r.bidFarewell(m, true, now)
		}
	}
}

// allowed says what the fence shall be: open without a lease, or as long as the
// lease that began then lasts, if it isn't zero.
func (r *roster) allowed(now moment) (always bool, start moment) {
	if r.state != serving {
		return false, moment{}
	}
	if r.count() <= leaseless {
		return true, moment{}
	}
	return false, r.leaseStart(now)
}
