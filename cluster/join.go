package cluster

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
)

// awaitRoutes waits until the peers are there that can be expected, but not long
// for the others when one is.
func (c *Cluster) awaitRoutes(ctx context.Context) {
	if c.bus.engine == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, c.o.timing.meeting)
	defer cancel()
	select {
	case <-c.dialler.looked:
	case <-ctx.Done():
		return
	}
	var first time.Time
	for ctx.Err() == nil {
		routes := c.bus.engine.NumRoutes()
		if routes >= int(c.dialler.expected.Load()) {
			return
		}
		if routes > 0 && first.IsZero() {
			first = time.Now()
		}
		if routes > 0 && time.Since(first) > c.o.timing.silence {
			return
		}
		c.pause(ctx, c.o.timing.beat/20)
	}
}

// pause waits for a time, or until ctx ends.
func (c *Cluster) pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// Join announces this node and answers the others' calls through h from now on.
// It first waits a few seconds for peers, if any are configured. Where this node
// was one of three or more members when it ended, the fence stays shut until a
// majority of them is heard, also after Join has returned.
func (c *Cluster) Join(ctx context.Context, h Host) error {
	c.receiving.Lock()
	c.host = h
	c.receiving.Unlock()
	c.mu.Lock()
	c.joined = c.o.clock()
	c.mu.Unlock()
	for _, root := range c.bus.roots {
		if _, err := c.bus.subscribe(allOf(root), c.takeBeat); err != nil {
			return err
		}
	}
	c.workers.Go(c.persist)
	c.workers.Go(c.observeAll)
	c.workers.Go(c.beatOn)
	tick := time.NewTicker(c.o.timing.beat / 20)
	defer tick.Stop()
	for end := time.After(c.o.timing.meeting + 5*c.o.timing.beat); ; {
		c.mu.Lock()
		done, fatal := c.roster.state == serving, c.roster.fatal
		c.mu.Unlock()
		if fatal != nil {
			return fatal
		}
		if done {
			return c.enter(ctx)
		}
		select {
		case <-tick.C:
		case <-end:
			return c.enter(ctx)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// settled says whether a joining node has met those whom it can meet.
func (c *Cluster) settled(now moment) bool {
	r := c.roster
	wait := c.o.timing.meeting
	switch {
	case r.kept == 0:
		return false // it can't be told who this node is
	case c.bus.engine == nil:
		wait = min(wait, 3*c.o.timing.beat) // who is there answers at once
	case c.dialler.expected.Load() == 0 && len(r.members) == 0:
		wait = 0
	}
	passed := now.waited(c.joined)
	if passed >= wait {
		return true
	}
	if len(r.members) == 0 || passed < c.o.timing.beat {
		return false
	}
	for _, m := range r.members {
		if !m.hearing || !m.confirmed {
			return false
		}
	}
	for _, o := range r.others {
		if r.gone[nodeStart{o.beat.tag, o.beat.Inc}] == nil {
			return false
		}
	}
	return r.count() <= leaseless || r.holds(now)
}

// beatOn sends beats and lets time pass until the end.
func (c *Cluster) beatOn() {
	tick := time.NewTicker(c.o.timing.beat / 10)
	defer tick.Stop()
	var last moment
	for {
		c.mu.Lock()
		now := c.o.clock()
		c.roster.tick(now)
		if c.roster.state == joining && c.settled(now) {
			c.roster.state = serving
		}
		c.after(now)
		var b *beat
		if c.roster.state != leaving && (c.roster.news || now.waited(last) >= c.o.timing.beat-c.o.timing.beat/20) {
			b, last = c.roster.makeBeat(now), now
		}
		c.mu.Unlock()
		if b != nil {
			data := b.encode()
			for _, root := range c.bus.roots {
				_ = c.bus.send(allOf(root), data) // the next one comes soon
			}
		}
		select {
		case <-tick.C:
		case <-c.ctx.Done():
			return
		}
	}
}

// takeBeat takes a beat of another node.
func (c *Cluster) takeBeat(m *nats.Msg) {
	b, err := parseBeat(m.Data)
	if err != nil {
		c.seen.dropped.WithLabelValues("malformed").Inc()
		return
	}
	if c.o.drop != nil && c.o.drop(b.tag) {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.o.clock()
	if err := c.roster.hear(b, now); err != nil {
		c.refuse(b.Name, err)
	}
	c.after(now)
}

// refuse logs, once in a minute for each, why a node isn't heard; mu is held.
func (c *Cluster) refuse(name string, why error) {
	if at, ok := c.refused[name]; ok && time.Since(at) < tellAgain {
		return
	}
	if len(c.refused) >= maxTold {
		clear(c.refused)
	}
	c.refused[name] = time.Now()
	c.log.Warn("cluster: a node is refused", "peer", name, "reason", why)
}

// after does what follows from a change of the roster; mu is held.
func (c *Cluster) after(now moment) {
	r := c.roster
	if c.fence.set(r.allowed(now)) && r.count() > leaseless && r.state != leaving {
		if c.fence.Valid() {
			c.log.Info("cluster: this node is in contact with the majority", "nodes", r.count())
		} else {
			c.log.Warn("cluster: this node is cut off from the majority, and starts nothing outside", "nodes", r.count())
		}
	}
	if r.fatal != nil {
		select {
		case c.fatal <- namesake(c.o.Node):
		default:
		}
		r.fatal = namesake(c.o.Node)
	}
	for _, e := range r.events[min(c.failed, len(r.events)):] {
		if e.what == nowHeard {
			c.directory.onHeard(e.node) // before anybody can ask whether all who are heard know
		} else {
			c.calls.fail(e.node.Tag)
		}
	}
	c.failed = len(r.events)
	if r.kept < r.changes {
		notify(c.dirty)
	}
	if len(r.events) > 0 {
		notify(c.told)
	}
	if r.state == condemned && !c.atoning {
		c.atoning = true
		was := append(append([]string(nil), r.prev...), r.inc)
		c.workers.Go(func() { c.atone(was) })
	}
}

func notify(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// atone gives up what others took over and begins anew.
func (c *Cluster) atone(was []string) {
	c.log.Warn("cluster: this node was declared lost; it gives up what the others took over, and joins anew")
	for c.giveUp != nil {
		err := c.giveUp(c.ctx, was)
		if err == nil {
			break
		}
		c.log.Warn("cluster: giving up what others took over", "error", err)
		select {
		case <-time.After(c.o.timing.beat):
		case <-c.ctx.Done():
			return
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.atoning = false
	c.joined = c.o.clock()
	c.roster.reset(newIncarnation(c.roster.inc))
	c.after(c.joined)
}

// observeAll tells observers what happens until the end.
func (c *Cluster) observeAll() {
	for {
		select {
		case <-c.told:
			c.announce()
		case <-c.ctx.Done():
			return
		}
	}
}

// persist keeps the roster's changes until the end.
func (c *Cluster) persist() {
	for {
		select {
		case <-c.dirty:
		case <-c.ctx.Done():
			return
		}
		if err := c.keepNow(c.ctx); err != nil && c.ctx.Err() == nil {
			c.mu.Lock()
			c.refuse("", fmt.Errorf("who the members are can't be kept: %w", err))
			c.mu.Unlock()
			select {
			case <-time.After(c.o.timing.beat):
				notify(c.dirty)
			case <-c.ctx.Done():
			}
		}
	}
}

// keepNow keeps the roster as it is.
func (c *Cluster) keepNow(ctx context.Context) error {
	c.keeping.Lock()
	defer c.keeping.Unlock()
	c.mu.Lock()
	rec, change := c.roster.record(), c.roster.changes
	c.mu.Unlock()
	text, err := json.Marshal(rec)
	if err != nil {
		return err
	}
	if err := c.o.State.Put(memberKey, text).Wait(ctx); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.roster.keep(rec, change)
	c.after(c.o.clock())
	return nil
}
