package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"gatepost/cluster"
)

// TakeOver makes the clients of a lost node this node's to close: their records are
// kept here, as safely as those of its own clients, when it returns, and their close
// events follow, node_lost, with the lost node's name. Clients that were taken over
// already are passed over, so that it may be called again.
func (g *Gateway) TakeOver(ctx context.Context, lost cluster.Node, copies []cluster.Copy) error {
	if g.cfg.Journal == nil {
		return errNoJournal
	}
	g.receiving.add() // as in Adopt
	defer g.receiving.done()
	if g.life.Err() != nil {
		return errEnding
	}
	left := leftovers{}
	var commits []Commit
	for _, c := range copies {
		if g.unfinished.knows(c.ClientID) {
			continue
		}
		r, value := g.recordFrom(lost, c.ClientID, c.Record)
		commits = append(commits, g.cfg.Journal.Put(clientPrefix+c.ClientID, value))
		left[c.ClientID] = &remains{record: r}
	}
	if err := waitAll(ctx, commits); err != nil {
		return fmt.Errorf("the clients of node %s can't be taken over: %w", lost.Name, err)
	}
	if len(left) > 0 {
		g.log.Warn("taking over the clients of a lost node: their close events follow", "node", lost.Name, "clients", len(left))
		g.inherit(left)()
	}
	return nil
}

// recordFrom reads a client's record as another node has it, and gives it as this one
// keeps it. Of one that can't be read all is lost that isn't in the client's id; the
// close isn't.
func (g *Gateway) recordFrom(node cluster.Node, id string, value []byte) (r *record, kept []byte) {
	r, err := readRecord(value)
	if r.Node == "" {
		r.Node = node.Name
	}
	kept, marshalErr := json.Marshal(r)
	if err := errors.Join(err, marshalErr); err != nil {
		g.log.Error("a client's record can't be read; its close event says little", "client_id", id, "node", node.Name, "error", err)
	}
	return r, kept
}
