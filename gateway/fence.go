package gateway

import "gatepost/hub"

// fenced says whether this node is cut off from its cluster and may not act on the
// outside.
func (g *Gateway) fenced() bool { return g.cfg.Fence != nil && !g.cfg.Fence.Valid() }

// nodeOf names the node that had the client.
func (g *Gateway) nodeOf(c *hub.Client) string {
	if node := laneOf(c).entry.node; node != "" {
		return node
	}
	return g.cfg.Node
}
