package cluster

import (
	"context"
	"sync"
	"time"
)

const (
	// glance is how often a node looks whether it is its turn.
	glance = 200 * time.Millisecond
	// ignorance is how long a node that can be heard is waited for that doesn't say
	// what it has of a lost one.
	ignorance = 4 * time.Second
)

// takeovers sees to it that the clients of a node that is lost are closed by one of
// the others: by the one that has the best copies of their records, or, where all
// journals are on an external NATS, by the next node. All others learn which
// clients these were, and tell the lost node if it comes back.
//
// Each member has a takeover for each lost incarnation, and looks again and again
// whose turn it is, so that another one goes on where one is lost itself. It is
// written down before and after, so that a node that restarts goes on too.
type takeovers struct {
	cluster *Cluster
	lists   lists

	mu     sync.Mutex
	all    map[nodeStart]*takeover // guarded by mu; those that aren't over
	ready  bool                    // guarded by mu; there is a host to give clients to
	closed bool                    // guarded by mu

	ctx     context.Context
	cancel  context.CancelFunc
	workers sync.WaitGroup
}

// takeover is what happens here to the clients of one lost incarnation.
type takeover struct {
	lost     Node
	poked    chan struct{} // cap 1: something may have changed
	expected bool          // it is written down; only run looks at this

	mu      sync.Mutex
	begun   bool // guarded by mu; clients are being taken over here, or were
	given   bool // guarded by mu; this node took over what it had, and that wasn't all
	forgone bool // guarded by mu; the node is back before anybody took over its clients
}

func newTakeovers(c *Cluster) *takeovers {
	t := &takeovers{cluster: c, lists: lists{c.o.State}, all: map[nodeStart]*takeover{}}
	t.ctx, t.cancel = context.WithCancel(context.Background())
	c.handle(kindTakenOver, false, t.tellStanding)
	c.handle(kindLists, true, t.tellLists) // also to those who were declared lost
	c.observe(observer{onHeard: func(Node) { t.poke() }, onSilent: func(Node) { t.poke() }, onGone: t.onGone})
	c.giveUp = t.giveUp
	return t
}

func (t *takeovers) close() {
	t.mu.Lock()
	t.closed = true
	t.mu.Unlock()
	t.cancel()
	t.workers.Wait()
}

// resume begins the work, once there is a host: also on what an earlier process had
// begun.
func (t *takeovers) resume() error {
	if err := t.lists.prune(time.Now()); err != nil {
		return err
	}
	pending, err := t.lists.pending()
	if err != nil {
		return err
	}
	t.mu.Lock()
	t.ready = true
	for _, o := range t.all {
		t.start(o)
	}
	t.mu.Unlock()
	for _, lost := range pending {
		t.begin(lost)
	}
	return nil
}

func (t *takeovers) onGone(n Node, how departure) {
	switch how {
	case lost:
		t.begin(n)
	case left:
		t.cluster.wards.leave(n)
	}
	t.poke()
}

func (t *takeovers) poke() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, o := range t.all {
		notify(o.poked)
	}
}

func (t *takeovers) find(lost Node) *takeover {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.all[lost.start()]
}

// begin begins the taking over of a lost node's clients, unless it has been begun.
func (t *takeovers) begin(lost Node) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed || t.all[lost.start()] != nil {
		return
	}
	o := &takeover{lost: lost, poked: make(chan struct{}, 1)}
	t.all[lost.start()] = o
	if t.ready {
		t.start(o)
	}
}

// start needs mu.
func (t *takeovers) start(o *takeover) {
	if t.closed {
		return
	}
	t.workers.Go(func() {
		t.run(o)
		t.mu.Lock()
		delete(t.all, o.lost.start())
		t.mu.Unlock()
	})
}

// run looks whose turn it is until the takeover is over. What fails is tried again.
func (t *takeovers) run(o *takeover) {
	began := time.Now()
	for failures := 0; t.ctx.Err() == nil; {
		over, err := t.step(o, time.Since(began) > ignorance)
		if over && err == nil {
			return
		}
		if err != nil && t.ctx.Err() == nil {
			if failures++; failures%50 == 1 {
				t.cluster.log.Error("cluster: taking over the clients of a lost node fails; it is tried again",
					"node", o.lost.Name, "error", err)
			}
		}
		select {
		case <-o.poked:
		case <-time.After(glance):
		case <-t.ctx.Done():
		}
	}
}

// step does what is this node's to do now, and says whether all is over.
func (t *takeovers) step(o *takeover, patient bool) (over bool, err error) {
	how, err := t.lists.over(o.lost)
	if err != nil {
		return false, err
	}
	if how != notOver {
		return t.cluster.wards.forget(o.lost), nil
	}
	if !t.cluster.fence.Valid() {
		return false, nil // others may be at it, whom this node can't hear
	}
	if !o.expected {
		if err := t.lists.expect(t.ctx, o.lost); err != nil {
			return false, err
		}
		o.expected = true
	}
	others, place, all := t.standings(o.lost)
	if !all && !patient {
		return false, nil
	}
	whose := whoseTurn(t.standing(o.lost), others, place)
	switch whose {
	case turnOthers:
		return false, nil
	case turnMine:
		return t.take(o, others)
	case turnHome:
		return false, t.lists.end(t.ctx, o.lost, forgone)
	case turnNone:
		return false, t.lists.end(t.ctx, o.lost, vacant)
	}
	if err := t.learn(o.lost, others); err != nil {
		return false, err
	}
	return false, t.lists.end(t.ctx, o.lost, taken)
}

// take takes over what this node has.
func (t *takeovers) take(o *takeover, others []standing) (over bool, err error) {
	if !o.begin() {
		return false, nil // the node has just come back
	}
	if err := t.learn(o.lost, others); err != nil {
		return false, err
	}
	all, err := t.takeOver(o.lost)
	if err != nil {
		return false, err
	}
	if all {
		err = t.lists.end(t.ctx, o.lost, taken)
	} else {
		o.mu.Lock()
		o.given = true
		o.mu.Unlock()
	}
	t.pokeOthers(o.lost)
	return false, err
}

// begin notes that clients are being taken over here, unless that needn't be.
func (o *takeover) begin() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.begun = o.begun || !o.forgone
	return o.begun
}

// forgo says that nobody's clients are to be taken over here; false if they are already.
func (o *takeover) forgo() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.forgone = o.forgone || !o.begun
	return o.forgone
}
