package gateway

import (
	"maps"
	"slices"

	"gatepost/hub"
	"gatepost/protocol"
	"gatepost/webhooks"
)

// nodeLost is why clients ended that an earlier process left on record as
// connected.
var nodeLost = hub.Cause{Code: protocol.CloseAbnormal, Reason: "the node was lost", Initiator: protocol.ByNodeLost}

// Recover reads what an earlier process left: events that were kept, messages that
// waited, clients that were on record. begin goes on with it, client by client and in
// order, the close last; in a cluster that is to be called once it is known which of
// the clients others have taken over (see GiveUp). Nobody connects before Recover.
func (g *Gateway) Recover(kept []webhooks.KeptEvent) (begin func(), err error) {
	left, err := g.readJournal(kept)
	if err != nil {
		return nil, err
	}
	ids := slices.Collect(maps.Keys(left))
	goOn := g.inherit(left)
	return func() {
		if clients, events := g.unfinished.remaining(ids); clients > 0 {
			g.log.Info("going on where an earlier process ended", "clients", clients, "events", events)
		}
		goOn()
	}, nil
}

// readJournal gives what an earlier process left, its kept events among it.
func (g *Gateway) readJournal(kept []webhooks.KeptEvent) (leftovers, error) {
	left := leftovers{}
	for i := range kept {
		r := left.of(kept[i].Event.Data.ClientID)
		r.events = append(r.events, keptOccurrence(&kept[i]))
	}
	if g.cfg.Journal == nil {
		return left, nil
	}
	err := g.cfg.Journal.Scan(messagePrefix, func(key string, value []byte) error {
		id, o, err := readMessage(key, value)
		if err != nil {
			g.dropUnreadable(key, err)
			return nil
		}
		left.of(id).add(o)
		return nil
	})
	if err != nil {
		return nil, err
	}
	err = Records(g.cfg.Journal.Scan, func(id string, value []byte) error {
		r, err := readRecord(value)
		if err != nil {
			g.log.Error("a client's record can't be read; its close event says little", "client_id", id, "error", err)
		}
		left.of(id).record = r
		return nil
	})
	if err != nil {
		return nil, err
	}
	g.forgetBuried(left)
	return left, nil
}

// forgetBuried takes the clients off the record whose close is a dead letter: the
// process died before it had done so itself.
func (g *Gateway) forgetBuried(left leftovers) {
	if g.cfg.Webhooks == nil {
		return
	}
	clients := map[string]string{} // by the id of their close
	for id, r := range left {
		if r.record != nil && len(r.events) == 0 {
			clients[protocol.CloseEventID(id)] = id
		}
	}
	for _, closed := range g.cfg.Webhooks.Have(slices.Collect(maps.Keys(clients))) {
		g.cfg.Journal.Delete(clientPrefix + clients[closed])
		delete(left, clients[closed])
	}
}

// dropUnreadable tells of a message that makes no sense, and forgets it: it would make
// none at the next start either.
func (g *Gateway) dropUnreadable(key string, err error) {
	g.log.Error("a message in the journal can't be read; it is lost", "key", key, "error", err)
	g.cfg.Journal.Delete(key)
}
