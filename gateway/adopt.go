package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"gatepost/cluster"
	"gatepost/protocol"
	"gatepost/webhooks"
)

// lastKey comes behind all that a node hands over: before it, more of a client's
// events may come.
const lastKey = "end"

// estatePatience is how long the next part of what a node hands over is waited for.
const estatePatience = 30 * time.Second

var errEnding = errors.New("this node is ending")

// estates are what other nodes are handing over.
type estates struct {
	mu     sync.Mutex
	byNode map[string]*estate // guarded by mu; by tag
}

// estate is what came from one node. Nothing of it is begun with before all is here,
// or no more comes: a client's close mustn't overtake its messages.
type estate struct {
	left  map[string]*remains
	timer *time.Timer // for the case that no more comes
}

// Adopt keeps a part of what another node hands over, its journal's entries. It is
// durable when it returns. What a part has that can't be read is passed over.
func (g *Gateway) Adopt(ctx context.Context, from cluster.Node, entries []cluster.Entry) error {
	if g.cfg.Journal == nil || g.cfg.Outbox == nil {
		return errNoJournal
	}
	if g.life.Err() != nil { // it may have given its own away by now
		return errEnding
	}
	left, commits, last := map[string]*remains{}, []Commit{}, false
	for _, e := range entries {
		if e.Key == lastKey {
			last = true
			continue
		}
		commit, err := g.adopt(left, from, e)
		if err != nil {
			g.log.Error("an entry of what a node hands over can't be read", "node", from.Name, "key", e.Key, "error", err)
			continue
		}
		commits = append(commits, commit)
	}
	if err := waitAll(ctx, commits); err != nil {
		return fmt.Errorf("what node %s hands over can't be kept: %w", from.Name, err)
	}
	g.handedOver.add(from.Tag, left, func() { g.settleEstate(from) })
	if last {
		g.settleEstate(from)
	}
	return nil
}

// adopt keeps one entry and notes in left what is to be done about it.
func (g *Gateway) adopt(left map[string]*remains, from cluster.Node, e cluster.Entry) (Commit, error) {
	of := func(id string) *remains {
		if left[id] == nil {
			left[id] = &remains{}
		}
		return left[id]
	}
	switch {
	case strings.HasPrefix(e.Key, clientPrefix):
		id := e.Key[len(clientPrefix):]
		r, value, err := recordFrom(e.Value, from.Name)
		if err != nil {
			g.log.Error("a client's record can't be read; its close event says little", "client_id", id, "node", from.Name, "error", err)
		}
		of(id).record = r
		return g.cfg.Journal.Put(e.Key, value), nil
	case strings.HasPrefix(e.Key, messagePrefix):
		id, o, err := readMessage(e.Key, e.Value)
		if err != nil {
			return nil, err
		}
		of(id).add(o)
		return g.cfg.Journal.Put(e.Key, e.Value), nil
	case strings.HasPrefix(e.Key, webhooks.OutboxPrefix):
		k, commit, err := g.cfg.Outbox.AdoptEvent(e.Key, e.Value)
		if k != nil {
			of(k.Event.Data.ClientID).add(occurrence{seq: k.Event.Data.Seq, kept: k, at: k.Event.Timestamp.Time})
		}
		return commit, err
	case strings.HasPrefix(e.Key, webhooks.LetterPrefix):
		return g.cfg.Outbox.AdoptLetter(e.Key, e.Value)
	}
	return nil, errors.New("an unknown kind of entry")
}

// add notes an occurrence once. A message and the event that was made of it are one.
func (r *remains) add(o occurrence) {
	i := slices.IndexFunc(r.events, func(other occurrence) bool { return other.seq == o.seq })
	switch {
	case i < 0:
		r.events = append(r.events, o)
	case r.events[i].kept != nil:
		r.events[i].recorded = r.events[i].recorded || o.recorded
	default:
		o.recorded = o.recorded || r.events[i].recorded
		r.events[i] = o
	}
}

// readMessage reads a message that was written down.
func readMessage(key string, value []byte) (id string, o occurrence, err error) {
	var m keptMessage
	id, seq, err := splitMessageKey(key)
	if err := errors.Join(err, json.Unmarshal(value, &m)); err != nil {
		return "", occurrence{}, err
	}
	return id, occurrence{seq: seq, at: m.At, recorded: true, message: protocol.Message{Binary: m.Binary, Payload: m.Payload}}, nil
}

// add adds a part. late is called if no other comes.
func (e *estates) add(tag string, left map[string]*remains, late func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.byNode == nil {
		e.byNode = map[string]*estate{}
	}
	all := e.byNode[tag]
	if all == nil {
		all = &estate{left: map[string]*remains{}, timer: time.AfterFunc(estatePatience, late)}
		e.byNode[tag] = all
	}
	all.timer.Reset(estatePatience)
	for id, more := range left {
		if r := all.left[id]; r != nil {
			r.merge(more)
		} else {
			all.left[id] = more
		}
	}
}

// merge adds what came later of the same client.
func (r *remains) merge(more *remains) {
	if more.record != nil {
		r.record = more.record
	}
	for _, o := range more.events {
		r.add(o)
	}
}

// take gives all that came from a node.
func (e *estates) take(tag string) map[string]*remains {
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

// settleEstate goes on with what another node has handed over.
func (g *Gateway) settleEstate(from cluster.Node) {
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
