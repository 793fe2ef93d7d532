package cluster

// Who becomes a member. A node that is alone, or whose whole cluster or a majority
// of it can be heard, may take in others; so a minority can't grow into a majority.
// Both sides must be such, and have heard each other. Whom one member has taken in
// the others take in too. A new member makes majorities harder to get at once, but
// helps to get one only when a majority of those before it lists it: two
// majorities always have somebody in common.

// open says whether this node may take in others.
func (r *roster) open(now moment) bool {
	if r.state != joining && r.state != serving {
		return false
	}
	switch len(r.members) {
	case 0:
		return true
	case 1:
		if r.suspected {
			return false
		}
		for _, m := range r.members {
			return r.isHeard(m, now)
		}
	}
	return r.holds(now)
}

// admit takes in the node of a beat, if that may be.
func (r *roster) admit(b *beat, now moment) *member {
	if !r.hearsThis(b, now) || !r.open(now) || len(r.members) >= maxNodes || r.members[b.tag] != nil {
		return nil
	}
	// Of two the one with the higher tag begins, and with one at a time: else many
	// that start at once would all wait for each other. The other one was open when
	// it took in this node, and needn't be before it is answered.
	accepts := listsMember(b, r.tag, r.inc)
	if !accepts && (!b.Open || b.tag > r.tag || r.courting()) {
		return nil
	}
	for _, inc := range b.Prev {
		if tomb := r.gone[nodeStart{b.tag, inc}]; tomb != nil && tomb.Lost {
			return nil // it doesn't know yet that it was lost
		}
	}
	m := &member{name: b.Name, tag: b.tag, inc: b.Inc, since: now, courted: !accepts}
	r.members[b.tag] = m
	delete(r.others, b.tag)
	r.change()
	return m
}

// courting says whether this node has taken in one that hasn't answered yet.
func (r *roster) courting() bool {
	for _, m := range r.members {
		if m.courted {
			return true
		}
	}
	return false
}

// withdraw lets go of those whom this node has taken in and who haven't answered.
func (r *roster) withdraw(now moment) {
	for tag, m := range r.members {
		if !m.courted || now.waited(m.since) < 2*r.t.silence {
			continue
		}
		m.courted = false
		shared := false
		for _, v := range r.members {
			shared = shared || v.beat != nil && listsMember(v.beat, tag, "")
		}
		if !shared && r.gone[m.start()] == nil {
			delete(r.members, tag)
			r.change()
		}
	}
}

// learnMembers takes in those whom another member lists.
func (r *roster) learnMembers(b *beat, now moment) {
	for _, n := range b.Members {
		if n.tag == r.tag || r.gone[nodeStart{n.tag, n.Inc}] != nil {
			continue
		}
		m := r.members[n.tag]
		switch {
		case m == nil && len(r.members) < maxNodes:
			r.members[n.tag] = &member{name: n.Name, tag: n.tag, inc: n.Inc, since: now}
			delete(r.others, n.tag)
			r.change()
		case m != nil && n.Inc > m.inc && !m.hearing && r.gone[m.start()] == nil && n.Seq > 0:
			r.replace(m, n.Inc, now)
		}
	}
}

// confirm finds the members that a majority of those confirmed before lists.
func (r *roster) confirm() {
	for again := true; again; {
		again = false
		for _, m := range r.inOrder() {
			if m.confirmed || !r.public[m.start()] {
				continue
			}
			voters, listed := 1, 1 // this node
			for _, v := range r.members {
				if !v.confirmed {
					continue
				}
				voters++
				if v.beat != nil && listsMember(v.beat, m.tag, "") {
					listed++
				}
			}
			if 2*listed > voters {
				m.confirmed, again = true, true
				r.change()
			}
		}
	}
}

// listsMember says whether a beat's sender takes a node for a member: this incarnation
// of it, or any where inc is empty.
func listsMember(b *beat, tag, inc string) bool {
	n, ok := b.member(tag)
	return ok && (inc == "" || n.Inc == inc)
}
