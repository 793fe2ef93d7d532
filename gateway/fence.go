package gateway

import (
	"context"

	"gatepost/hub"
	"gatepost/webhooks"
)

// fenced says whether this node is cut off from its cluster and may not act on the
// outside.
func (g *Gateway) fenced() bool { return g.cfg.Fence != nil && !g.cfg.Fence.Valid() }

// tenure is the context in which a lane's worker delivers: it ends with the node's
// life, and in a cluster when the client is given up.
func (g *Gateway) tenure(l *lane) (ctx context.Context, end func()) {
	if g.cfg.Fence == nil {
		return g.life, func() {}
	}
	ctx, cancel := context.WithCancelCause(g.life)
	l.mu.Lock()
	l.cancel = func() { cancel(webhooks.ErrGivenUp) }
	l.mu.Unlock()
	return ctx, func() { cancel(nil) }
}

// nodeOf names the node that had the client.
func (g *Gateway) nodeOf(c *hub.Client) string {
	if node := laneOf(c).entry.node; node != "" {
		return node
	}
	return g.cfg.Node
}
