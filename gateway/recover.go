package gateway

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"gatepost/hub"
	"gatepost/protocol"
	"gatepost/webhooks"
)

// nodeLost is why clients ended that an earlier process left on record as
// connected.
var nodeLost = hub.Cause{Code: protocol.CloseAbnormal, Reason: "the node was lost", Initiator: protocol.ByNodeLost}

// remains is what an earlier process left of one client.
type remains struct {
	record *record // nil: only kept events
	events []occurrence
}

// Recover reads what an earlier process left: events that were kept, messages that
// waited, clients that were on record. begin goes on with it, client by client and in
// order, the close last; in a cluster that is to be called once it is known which of
// the clients others have taken over (see GiveUp). Nobody connects before Recover.
func (g *Gateway) Recover(kept []webhooks.KeptEvent) (clients int, begin func(), err error) {
	left, err := g.readJournal(kept)
	if err != nil {
		return 0, nil, err
	}
	return len(left), g.inherit(left), nil
}

func (g *Gateway) readJournal(kept []webhooks.KeptEvent) (map[string]*remains, error) {
	left := map[string]*remains{}
	of := func(id string) *remains {
		if left[id] == nil {
			left[id] = &remains{}
		}
		return left[id]
	}
	for i := range kept {
		ev := kept[i].Event
		r := of(ev.Data.ClientID)
		r.events = append(r.events, occurrence{seq: ev.Data.Seq, kept: &kept[i], at: ev.Timestamp.Time})
	}
	if g.cfg.Journal == nil {
		return left, nil
	}
	err := g.cfg.Journal.Scan(messagePrefix, func(key string, value []byte) error {
		id, o, err := readMessage(key, value)
		if err != nil {
			g.unreadable(key, err)
			return nil
		}
		of(id).add(o)
		return nil
	})
	if err != nil {
		return nil, err
	}
	err = g.cfg.Journal.Scan(clientPrefix, func(key string, value []byte) error {
		r := &record{}
		if err := json.Unmarshal(value, r); err != nil {
			g.unreadable(key, err)
			return nil
		}
		of(key[len(clientPrefix):]).record = r
		return nil
	})
	g.forgetBuried(left)
	return left, err
}

// forgetBuried takes the clients off the record whose close is a dead letter: the
// process died before it had done so itself.
func (g *Gateway) forgetBuried(left map[string]*remains) {
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

// unreadable tells of an entry that makes no sense, and forgets it: it would make
// none at the next start either.
func (g *Gateway) unreadable(key string, err error) {
	g.log.Error("an entry of the journal can't be read; what it says is lost", "key", key, "error", err)
	g.cfg.Journal.Delete(key)
}

// resume gives what is left of a client a lane again.
func (g *Gateway) resume(id string, left *remains) *hub.Client {
	slices.SortFunc(left.events, func(a, b occurrence) int { return cmp.Compare(a.seq, b.seq) })
	l := newLane()
	l.sealed, l.running = true, true
	c := g.restore(id, left, l)
	hasClose := len(left.events) > 0 && isClose(left.events[len(left.events)-1])
	if r := left.record; r != nil {
		l.entry = entry{kept: true, reserved: r.Seq + 1, node: r.Node}
		if !hasClose {
			left.events = append(left.events, lastOf(r, left.events))
		}
	}
	g.waiting.Add(int64(len(left.events)))
	for _, o := range left.events {
		l.bytes += len(o.message.Payload)
	}
	g.waitingBytes.Add(int64(l.bytes))
	l.waiting = left.events
	l.ends = isClose(l.waiting[len(l.waiting)-1])
	return c
}

func isClose(o occurrence) bool {
	return o.closed != nil || o.kept != nil && o.kept.Event.Type == protocol.Close
}

// restore makes the client as it was.
func (g *Gateway) restore(id string, left *remains, l *lane) *hub.Client {
	hs := &protocol.Handshake{}
	var connectedAt time.Time
	cause := nodeLost
	switch {
	case left.record != nil:
		r := left.record
		hs.UID, hs.Groups, hs.Session = r.UID, r.Groups, r.Session
		hs.RemoteAddr, hs.RemotePort, hs.TraceID, hs.Request.Path = r.RemoteAddr, r.RemotePort, r.TraceID, r.Path
		connectedAt = r.ConnectedAt
		if r.Closed != nil {
			cause = hub.Cause{Code: r.Closed.Code, Reason: r.Closed.Reason, Initiator: r.Closed.Initiator}
		}
	case left.events[0].kept != nil:
		k := left.events[0].kept
		hs.TraceID, hs.Request.Path = k.TraceID, k.Path
		connectedAt = k.Event.Data.ConnectedAt.Time
	}
	return g.hub.Restore(id, hs, connectedAt, cause, l)
}

// lastOf is the close of a client that was on record: as it was, if the earlier
// process still wrote that down, else that the node was lost.
func lastOf(r *record, before []occurrence) occurrence {
	if r.Closed != nil {
		return occurrence{seq: r.Seq, closed: r.Closed, at: *r.ClosedAt}
	}
	seq := r.Seq
	if n := len(before); n > 0 {
		seq = max(seq, before[n-1].seq+1)
	}
	now := time.Now()
	return occurrence{seq: seq, at: now, closed: &protocol.CloseInfo{
		Code: nodeLost.Code, Reason: nodeLost.Reason, Initiator: nodeLost.Initiator,
		DurationMS: now.Sub(r.ConnectedAt).Milliseconds(),
	}}
}
