package gateway

import (
	"context"

	"gatepost/protocol"
)

// serveQuestion answers for this node alone.
func (g *Gateway) serveQuestion(ctx context.Context, r *request) ([]byte, error) {
	q := &r.ask
	switch r.op {
	case opMayJoin:
		return nil, g.mayJoin(r.action)
	case opClient:
		c, err := g.client(q.ID)
		if err != nil {
			return nil, err
		}
		return protocol.Marshal(g.info(c))
	case opSession:
		session, etag, err := g.sessionHere(q.ID)
		return encodeSession(session, etag, err)
	case opClients:
		return g.clientsHere(protocol.ClientFilter{UIDs: q.UIDs, Groups: q.Groups}, q.page()).encode(maxListBytes)
	case opGroups:
		return g.groupsHere(q.page()).encode(maxListBytes)
	case opUIDs:
		return g.uidsHere(q.Groups, q.page()).encode(maxListBytes)
	case opLookup:
		return protocol.Marshal(g.lookUp(&protocol.Lookup{Clients: q.Clients, UIDs: q.UIDs, Groups: q.Groups}))
	case opCount:
		n := 0
		for _, uid := range q.UIDs {
			n += g.hub.UIDClients(uid)
		}
		return encodeCounts(n), nil
	case opStats:
		return protocol.Marshal(g.numbersHere())
	default:
		return g.serveLetters(ctx, r.op, q)
	}
}

// serveLetters answers what concerns this node's dead letters.
func (g *Gateway) serveLetters(ctx context.Context, o op, q *question) ([]byte, error) {
	switch o {
	case opLetters:
		letters, err := g.lettersHere(ctx, q.page())
		if err != nil {
			return nil, err
		}
		return letters.encode(maxListBytes)
	case opLetter:
		letter, err := g.letterHere(ctx, q.ID)
		if err != nil {
			return nil, err
		}
		return protocol.Marshal(letter)
	case opHave:
		return protocol.Marshal(g.haveHere(q.IDs))
	case opReplay:
		n, err := g.replayHere(ctx, protocol.Replay{All: q.All, IDs: q.IDs})
		return encodeCounts(n), err
	case opDrop:
		return nil, g.dropHere(ctx, q.ID)
	}
	return nil, errUnreadable
}
