package cluster

import (
	"errors"
	"slices"
	"time"
)

// Whether a process that comes with a member's name is the same node, started again,
// or a namesake: a member is displaced only once it has ended, as far as that can be
// known, whatever the newcomer says. A node
//   - that says that the member ended in order succeeds it at once;
//   - that goes on from it, having its disk, once nobody hears the member: a disk may
//     be a copy, and then the other one is still heard;
//   - that knows nothing of it, once the member is lost: where there is a majority
//     to say so, it does (declare); of two nodes, once nobody has heard it for as long
//     as a lease would last. That somebody else has its name is then the proof that
//     two nodes otherwise never have.
//
// So a namesake gets nowhere while the node can be heard, by whomever: it stays
// outside, and ends when it hears the other one, or hears of it. While the node
// can't be heard nobody can tell the two apart, and a namesake may take its place; when
// both are heard the one that started later ends, and if the one that stays was
// declared lost meanwhile, it begins anew, as any.

// errOtherProcess says why a node isn't heard that may be a namesake.
var errOtherProcess = errors.New("a member of its name is another process, of which this one knows nothing: " +
	"it gets in when that one is lost, and must end if that one runs")

// succeed looks at a member that comes with another incarnation than it had. It
// returns the member if it is still one; the error says why the newcomer isn't.
func (r *roster) succeed(m *member, b *beat, now moment) (*member, error) {
	was := m.start()
	switch {
	case r.gone[was] != nil: // being declared lost; then it may come in anew
		if tomb := r.gone[was]; !tomb.Final && slices.Contains(b.Left, m.inc) {
			tomb.Lost = false // it has given up before anybody took over what it had
			r.end(tomb)
		}
		return nil, nil
	case slices.Contains(b.Prev, m.inc) && !r.isHeard(m, now) && r.hearer(m) == nil:
		r.replace(m, b.Inc, now)
		return m, nil
	case slices.Contains(b.Prev, m.inc):
		return nil, nil // soon, or there are two
	case r.count() > leaseless && !r.holds(now) && !r.hearsThis(b, now):
		return nil, nil // it might know that this node was lost, and says so when it has heard it
	case slices.Contains(b.Left, m.inc):
		r.markGone(m, false, now)
		return nil, nil
	case r.count() > leaseless && len(m.own) > leaseless:
		// Those whom its lease depends on say when it is lost.
	case r.unheard(m, now) > r.t.lease+r.t.margin && r.hearer(m) == nil:
		r.markGone(m, true, now).heir = true
		return nil, nil
	}
	return nil, errOtherProcess
}

// unheard is for how long this node has listened for a member in vain.
func (r *roster) unheard(m *member, now moment) time.Duration {
	wait := now.waited(r.began)
	for _, since := range []moment{m.since, m.heardAt} {
		if !since.zero() {
			wait = min(wait, now.waited(since))
		}
	}
	return wait
}

// hearer is a fellow member that hears a member, as far as it has said; nil: none does.
func (r *roster) hearer(m *member) *member {
	for _, v := range r.members {
		if !v.hearing {
			continue
		}
		if n, ok := v.beat.member(m.tag); ok && n.Inc == m.inc && !n.Mute {
			return v
		}
	}
	return nil
}

// meetNamesake finds out which of two nodes of one name has to go.
func (r *roster) meetNamesake(b *beat) {
	if r.own[b.Inc] {
		return
	}
	if r.started > b.Started || r.started == b.Started && r.inc > b.Inc {
		r.fatal = errNamesake(r.name)
	}
}

// hearOfNamesake ends a node of which others say that they hear another one of its
// name, if none of them takes it for a member.
func (r *roster) hearOfNamesake(b *beat, now moment) {
	n, ok := b.member(r.tag)
	if !ok || r.own[n.Inc] {
		return
	}
	r.told.note(n, now)
	for _, m := range r.members {
		if m.hearing {
			return
		}
	}
	if r.told.alive(now) {
		r.fatal = errNamesake(r.name)
	}
}

// namesakes is what others tell of other processes of this node's name: the number of
// the last beat that they heard of them. One that has ended isn't heard again, but what
// it said may be on its way yet when this process starts.
type namesakes struct {
	silence time.Duration
	list    []namesaid
}

// namesaid is one incarnation that others tell of.
type namesaid struct {
	inc         string
	seq         uint64
	since, last moment // the first and last time that its number was found to have grown
}

// note takes what a beat says of a member of this node's name.
func (n *namesakes) note(b beatNode, now moment) {
	if b.Seq == 0 {
		return // not heard by the sender
	}
	n.list = slices.DeleteFunc(n.list, func(s namesaid) bool { return s.inc != b.Inc && now.waited(s.last) > 2*n.silence })
	i := slices.IndexFunc(n.list, func(s namesaid) bool { return s.inc == b.Inc })
	switch {
	case i < 0 && len(n.list) < maxPrev:
		n.list = append(n.list, namesaid{b.Inc, b.Seq, now, now})
	case i >= 0 && b.Seq > n.list[i].seq:
		s := &n.list[i]
		if now.waited(s.last) > n.silence { // what a stopped node says when it goes on
			s.since = now
		}
		s.seq, s.last = b.Seq, now
	}
}

// alive says whether one of them is heard again and again.
func (n *namesakes) alive(now moment) bool {
	return slices.ContainsFunc(n.list, func(s namesaid) bool {
		return s.last.waited(s.since) >= n.silence && now.waited(s.last) <= n.silence
	})
}

// unclear says whether one of them, but those named, may be heard again.
func (n *namesakes) unclear(but []string, now moment) bool {
	return slices.ContainsFunc(n.list, func(s namesaid) bool {
		return !slices.Contains(but, s.inc) && now.waited(s.last) <= n.silence
	})
}
