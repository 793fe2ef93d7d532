package gateway

import (
	"context"
	"slices"
	"strings"
	"time"

	"gatepost/cluster"
	"gatepost/protocol"
)

// numbers are one node's part of the statistics.
type numbers struct {
	Node protocol.NodeStats `json:"node"`
	// UIDs and Groups are the names with an open client that this node counts: of the
	// nodes that hold a name, one does.
	UIDs   int `json:"uids"`
	Groups int `json:"groups"`
	// OpenUIDs and OpenGroups are names that this node counts, whose clients here are
	// all connecting: they count if they have an open client elsewhere.
	OpenUIDs   []string                 `json:"open_uids,omitempty"`
	OpenGroups []string                 `json:"open_groups,omitempty"`
	Webhooks   []protocol.EndpointStats `json:"webhooks,omitempty"`
}

// Stats is the whole cluster in numbers. Nodes that didn't answer are among the
// nodes.
func (g *Gateway) Stats(ctx context.Context) (*protocol.Stats, error) {
	if g.Alone() {
		return statsOf([]numbers{g.numbersHere()}), nil
	}
	ctx, cancel := context.WithTimeout(ctx, callWithin) // both rounds
	defer cancel()
	all := gather(ctx, g, g.everyone(), opStats, question{}, g.numbersHere)
	stats := statsOf(all)
	for _, n := range all {
		g.countOpen(ctx, &n, stats)
	}
	for _, n := range g.cfg.Cluster.Nodes() {
		if !slices.ContainsFunc(all, func(a numbers) bool { return a.Node.Node == n.Name }) {
			stats.Nodes = append(stats.Nodes, protocol.NodeStats{Node: n.Name, Version: n.Version, Silent: true})
		}
	}
	slices.SortFunc(stats.Nodes, func(a, b protocol.NodeStats) int { return strings.Compare(a.Node, b.Node) })
	return stats, nil
}

// countOpen adds the names that a node counts without knowing whether they have an
// open client.
func (g *Gateway) countOpen(ctx context.Context, n *numbers, stats *protocol.Stats) {
	if len(n.OpenUIDs)+len(n.OpenGroups) == 0 {
		return
	}
	found := g.lookUpAll(ctx, &protocol.Lookup{UIDs: n.OpenUIDs, Groups: n.OpenGroups})
	for _, ids := range found.UIDs {
		stats.UIDs += min(1, len(ids))
	}
	for _, t := range found.Groups {
		stats.Groups += min(1, t.Clients)
	}
}

// numbersHere is this node's part.
func (g *Gateway) numbersHere() numbers {
	clients, uids, groups := g.hub.Count()
	n := numbers{
		Node: protocol.NodeStats{Node: g.cfg.Node, Clients: clients, Version: g.cfg.Version,
			UptimeS: int64(time.Since(g.started).Seconds())},
		UIDs: uids, Groups: groups,
	}
	if g.cfg.Webhooks != nil {
		n.Webhooks = g.cfg.Webhooks.Stats()
	}
	if !g.Alone() && len(g.cfg.Cluster.Nodes()) > 0 {
		n.UIDs, n.OpenUIDs = g.counted(cluster.UID, g.hub.EachUID)
		n.Groups, n.OpenGroups = g.counted(cluster.Group, g.hub.EachGroup)
	}
	return n
}

// counted is how many names with an open client this node counts, and those, as far
// as a lookup takes them, that have a client elsewhere and none but connecting ones
// here.
func (g *Gateway) counted(kind cluster.Kind, each func(func(name string, clients int))) (n int, open []string) {
	each(func(name string, clients int) {
		switch {
		case !g.cfg.Cluster.FirstHolder(kind, name):
		case clients > 0:
			n++
		case len(open) < protocol.MaxNames && g.cfg.Cluster.Elsewhere(kind, name):
			open = append(open, name)
		}
	})
	return n, open
}

// statsOf adds the nodes' parts up.
func statsOf(all []numbers) *protocol.Stats {
	s := &protocol.Stats{Webhooks: []protocol.EndpointStats{}}
	for _, n := range all {
		s.Clients += n.Node.Clients
		s.UIDs += n.UIDs
		s.Groups += n.Groups
		s.Nodes = append(s.Nodes, n.Node)
		for _, e := range n.Webhooks {
			s.Webhooks = addEndpoint(s.Webhooks, e)
		}
	}
	return s
}

// addEndpoint adds an endpoint of one node to the same one of the others. Its
// breaker is as it is where it stands worst.
func addEndpoint(all []protocol.EndpointStats, e protocol.EndpointStats) []protocol.EndpointStats {
	i := slices.IndexFunc(all, func(have protocol.EndpointStats) bool { return have.Name == e.Name })
	if i < 0 {
		return append(all, e)
	}
	sum := &all[i]
	sum.Concurrency += e.Concurrency
	sum.InFlight += e.InFlight
	sum.Waiting += e.Waiting
	sum.Delivered += e.Delivered
	sum.Failed += e.Failed
	sum.Dead += e.Dead
	if badness(e.Breaker) > badness(sum.Breaker) {
		sum.Breaker = e.Breaker
	}
	return all
}

// badness orders the states of a breaker.
func badness(breaker string) int {
	return slices.Index([]string{protocol.BreakerClosed, protocol.BreakerHalfOpen, protocol.BreakerOpen}, breaker)
}
