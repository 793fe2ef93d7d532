package gateway

import (
	"sync"
	"time"

	"gatepost/cluster"
)

// estatePatience is how long the next part of what a node hands over is waited for.
const estatePatience = 30 * time.Second

// estates are what other nodes are handing over.
type estates struct {
	mu     sync.Mutex
	byNode map[string]*estate // guarded by mu; by tag
}

// estate is what came from one node. Nothing of it is begun with before all is here,
// or no more comes: a client's close mustn't overtake its messages.
type estate struct {
	left  leftovers
	timer *time.Timer // for the case that no more comes
}

// add adds a part. late is called if no other comes.
func (e *estates) add(tag string, left leftovers, late func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	all := e.byNode[tag]
	if all == nil {
		all = &estate{left: leftovers{}, timer: time.AfterFunc(estatePatience, late)}
		e.byNode[tag] = all
	}
	all.timer.Reset(estatePatience)
	for id, more := range left {
		all.left.add(id, more)
	}
}

// take gives all that came from a node.
func (e *estates) take(tag string) leftovers {
	e.mu.Lock()
	defer e.mu.Unlock()
	all := e.byNode[tag]
	if all == nil {
		return nil
	}
	all.timer.Stop()
	delete(e.byNode, tag)
	return all.left
}

// stop ends the waiting for parts that don't come: what is here is on record.
func (e *estates) stop() {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, all := range e.byNode {
		all.timer.Stop()
	}
}

// inheritEstate goes on with what another node has handed over.
func (g *Gateway) inheritEstate(from cluster.Node) {
	left := g.handedOver.take(from.Tag)
	g.forgetBuried(left)
	if len(left) == 0 {
		return
	}
	events := 0
	for _, r := range left {
		events += len(r.events)
	}
	g.log.Info("going on with what another node has handed over", "node", from.Name, "clients", len(left), "events", events)
	g.inherit(left)()
}
