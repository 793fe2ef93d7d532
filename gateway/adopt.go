package gateway

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"gatepost/cluster"
	"gatepost/webhooks"
)

// lastKey comes behind all that a node hands over: before it, more of a client's
// events may come.
const lastKey = "end"

var errEnding = errors.New("this node is ending")

// Adopt keeps a part of what another node hands over, its journal's entries. It is
// durable when it returns. What a part has that can't be read is passed over.
func (g *Gateway) Adopt(ctx context.Context, from cluster.Node, entries []cluster.Entry) error {
	if g.cfg.Journal == nil || g.cfg.Outbox == nil {
		return errNoJournal
	}
	g.receiving.add() // first, so that a HandOver which isn't seen here sees this
	defer g.receiving.done()
	if g.life.Err() != nil {
		return errEnding
	}
	left, commits, last := leftovers{}, []Commit{}, false
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
	g.handedOver.add(from.Tag, left, func() { g.inheritEstate(from) })
	if last {
		g.inheritEstate(from)
	}
	return nil
}

// adopt keeps one entry and notes in left what is to be done about it.
func (g *Gateway) adopt(left leftovers, from cluster.Node, e cluster.Entry) (Commit, error) {
	switch {
	case strings.HasPrefix(e.Key, clientPrefix):
		id := e.Key[len(clientPrefix):]
		r, value := g.recordFrom(from, id, e.Value)
		left.of(id).record = r
		return g.cfg.Journal.Put(e.Key, value), nil
	case strings.HasPrefix(e.Key, messagePrefix):
		id, o, err := readMessage(e.Key, e.Value)
		if err != nil {
			return nil, err
		}
		left.of(id).add(o)
		return g.cfg.Journal.Put(e.Key, e.Value), nil
	case strings.HasPrefix(e.Key, webhooks.OutboxPrefix):
		k, commit, err := g.cfg.Outbox.AdoptEvent(e.Key, e.Value)
		if k != nil {
			left.of(k.Event.Data.ClientID).add(keptOccurrence(k))
		}
		return commit, err
	case strings.HasPrefix(e.Key, webhooks.LetterPrefix):
		return g.cfg.Outbox.AdoptLetter(e.Key, e.Value)
	}
	return nil, errors.New("an unknown kind of entry")
}
