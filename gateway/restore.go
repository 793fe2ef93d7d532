package gateway

import (
	"cmp"
	"slices"
	"time"

	"gatepost/hub"
	"gatepost/protocol"
)

// restore gives what is left of a client a lane again.
func (g *Gateway) restore(id string, left *remains) *hub.Client {
	g.discardLeft(id, left)
	slices.SortFunc(left.events, func(a, b occurrence) int { return cmp.Compare(a.seq, b.seq) })
	l := newLane()
	l.sealed, l.running = true, true
	c := g.restoreClient(id, left, l)
	hasClose := len(left.events) > 0 && isClose(left.events[len(left.events)-1])
	if r := left.record; r != nil {
		l.entry = entry{kept: true, reserved: r.Seq + 1, allowed: r.Seq + 1, node: r.Node}
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

// restoreClient makes the client as it was.
func (g *Gateway) restoreClient(id string, left *remains, l *lane) *hub.Client {
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
		return occurrence{seq: r.Seq, closed: r.Closed, at: r.ClosedAt}
	}
	seq := r.Seq
	if n := len(before); n > 0 {
		seq = max(seq, before[n-1].seq+1)
	}
	lost := &protocol.CloseInfo{Code: nodeLost.Code, Reason: nodeLost.Reason, Initiator: nodeLost.Initiator}
	now := time.Now()
	if !r.ConnectedAt.IsZero() { // of a record that can't be read
		lost.DurationMS = now.Sub(r.ConnectedAt).Milliseconds()
	}
	return occurrence{seq: seq, at: now, closed: lost}
}
