package cluster

// What becomes of a node that the others declare lost, and that is told so: it gives
// up the clients that they took over, and begins anew as one that knows nobody.

// suspect notes that somebody declares this node lost.
func (r *roster) suspect(now moment) {
	if !r.suspected || now.waited(r.toldOfAt) > 2*r.t.silence {
		r.suspectedAt = now
	}
	r.toldOfAt = now
	if !r.suspected {
		r.suspected = true
		r.change()
	}
}

// giveIn ends a declaration that comes to no end, since those whom it would take
// are gone themselves: this node begins anew by itself.
func (r *roster) giveIn(now moment) {
	if r.suspected && r.state == serving && now.waited(r.toldOfAt) <= r.t.silence && now.waited(r.suspectedAt) > 3*(r.t.lease+r.t.margin) {
		r.state, r.evictedInc = evicted, r.inc
	}
}

// rejoin gives up what others took over and begins anew. running says that it was this
// process that was declared lost, and not an earlier one.
func (c *Cluster) rejoin(was []string, running bool) {
	if running {
		c.log.Warn("cluster: this node was declared lost; it gives up what the others took over, and joins anew")
	} else {
		c.log.Info("cluster: this node was declared lost while it wasn't running; it joins anew, without the clients that others have ended")
	}
	for c.giveUp != nil {
		err := c.giveUp(c.ctx, was)
		if err == nil {
			break
		}
		c.mu.Lock()
		c.warn(c.o.Node, "cluster: giving up what others took over isn't done yet; it is tried again", "error", err)
		c.mu.Unlock()
		if pause(c.ctx, c.o.timing.beat); c.ctx.Err() != nil {
			return
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.rejoining = false
	c.joined = c.o.clock()
	c.roster.reset(newIncarnation(c.roster.inc))
	c.after(c.joined)
}

// reset makes this node a new one that knows nobody, after it was declared lost
// and has given up what others took over.
func (r *roster) reset(inc string) {
	for _, m := range r.inOrder() {
		r.setHearing(m, false)
		r.tell(m, nowGone, replaced)
	}
	clear(r.members)
	clear(r.others)
	clear(r.sent)
	r.quit = latest(append(append(r.quit, r.prev...), r.inc))
	r.prev, r.suspected, r.state = nil, false, joining
	r.become(inc)
}
