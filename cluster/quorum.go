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
	for _, since := range []moment{m.since, m.heardAt, r.watch, r.began} {
		if !since.zero() && now.waited(since) < r.t.lease+r.t.margin {
			return false
		}
	}
	return true
}

// declare declares members lost that a majority hasn't heard for long, both of
// the members that there are and of those that the silent one itself knew: on
// these its lease depends, and if they were fewer than three, it has none and
// goes on. One does it: the first by tag of those who agree.
func (r *roster) declare(now moment) {
	if r.held.zero() || now.waited(r.held) < r.t.lease || r.state != serving {
		return
	}
	for _, m := range r.inOrder() {
		if !r.silent(m, now) {
			continue
		}
		latest, votes, first := m.silence(), []string{r.tag}, true
		for _, v := range r.members {
			if !v.hearing || !v.confirmed {
				continue
			}
			i := slices.IndexFunc(v.beat.Silent, func(s silence) bool { return s.nodeStart == m.start() })
			if i < 0 {
				continue
			}
			votes, first = append(votes, v.tag), first && r.tag < v.tag
			if s := v.beat.Silent[i]; s.Seq > latest.Seq || s.Seq == latest.Seq && len(s.Own) > len(latest.Own) {
				latest = s
			}
		}
		if first && len(votes) >= r.majority() && len(latest.Own) > leaseless && most(latest.Own, votes) {
			m.own = latest.Own
			r.markGone(m, true, now)
		}
	}
}

// most says whether more than half of a list are among others.
func most(list, among []string) bool {
	n := 0
	for _, s := range list {
		if slices.Contains(among, s) {
			n++
		}
	}
	return 2*n > len(list)
}

// allowed says what the fence shall be: open without a lease, or as long as the
// lease that began then lasts, if it isn't zero.
func (r *roster) allowed(now moment) (always bool, start moment) {
	if r.state != serving {
		return false, moment{}
	}
	if r.count() <= leaseless {
		return !r.suspected || len(r.members) == 0, moment{}
	}
	return false, r.leaseStart(now)
}
