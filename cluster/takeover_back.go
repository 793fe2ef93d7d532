package cluster

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// isReady says whether all is decided about the earlier lives of a node that is back.
// What hasn't begun needn't: it closes its clients itself.
func (t *takeovers) isReady(q *question) (bool, error) {
	ready := true
	for _, incarnation := range q.Lives {
		lost := Node{Name: q.Name, Tag: q.Tag, Incarnation: incarnation}
		how, err := t.lists.over(lost)
		if err != nil {
			return false, err
		}
		if how == taken || how == forgone {
			continue
		}
		if o := t.find(lost); o != nil && !o.forgo() {
			ready = false
		} else if err := t.lists.end(t.ctx, lost, forgone); err != nil {
			return false, err
		}
	}
	return ready, nil
}

// backPatience is how long a node that is back waits for a majority of those that it
// knew.
const backPatience = 30 * time.Second

// whoMayKnow waits until all can have been heard that there are, and for a majority of
// those that this node knew, but not for ever: they may be gone.
func (t *takeovers) whoMayKnow(ctx context.Context) ([]Node, error) {
	for begun := time.Now(); ; {
		if pause(ctx, t.cluster.o.timing.silence); ctx.Err() != nil {
			return nil, ctx.Err()
		}
		nodes, known, heard := t.cluster.audible(), t.cluster.Nodes(), 1
		for _, k := range known {
			if slices.ContainsFunc(nodes, func(n Node) bool { return n.Tag == k.Tag }) {
				heard++
			}
		}
		switch enough := heard > (len(known)+1)/2; {
		case len(nodes) > 0 && (enough || time.Since(begun) > backPatience):
			return nodes, nil
		case time.Since(begun) > backPatience:
			return nil, ErrNobody
		}
	}
}

// giveUp makes this node give up the clients that others took over when it had
// earlier incarnations, which were declared lost.
func (t *takeovers) giveUp(ctx context.Context, was []string) error {
	me := t.cluster.Self()
	if len(was) > maxLives {
		was = was[len(was)-maxLives:]
	}
	q := &question{Tag: me.Tag, Lives: was, Name: me.Name, Back: true}
	nodes, err := t.whoMayKnow(ctx)
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	var clients []string
	for _, n := range nodes {
		parts, err := t.askLists(ctx, n.Tag, q)
		if err != nil {
			return fmt.Errorf("cluster: node %s doesn't say which clients were taken over: %w", n.Name, err)
		}
		for _, part := range parts {
			for _, id := range part.Clients {
				if !seen[id] {
					seen[id] = true
					clients = append(clients, id)
				}
			}
		}
	}
	if err := t.cluster.host.GiveUp(ctx, clients); err != nil {
		return err
	}
	t.cluster.directory.startOver(me.Incarnation)
	q.Back, q.Told = false, true
	for _, n := range nodes {
		_ = t.cluster.send(n.Tag, kindLists, q.encode()) // else they keep it for some days
	}
	return nil
}
