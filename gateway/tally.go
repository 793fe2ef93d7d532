package gateway

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"

	"gatepost/cluster"
	"gatepost/protocol"
)

// tally is what one node knows of the size of a group, so that the uids of several
// nodes can be counted once.
type tally struct {
	Clients int `json:"clients"`
	// Own are uids that no other node has; Shared stand for the others, a digest of
	// eight bytes each.
	Own    int    `json:"own"`
	Shared []byte `json:"shared,omitempty"`
}

// tallyOf is this node's part of a group.
func (g *Gateway) tallyOf(group string) tally {
	if !g.elsewhere(cluster.Group, group) {
		n := g.hub.Group(group)
		return tally{Clients: n.Clients, Own: n.UIDs}
	}
	clients, uids := g.hub.GroupUIDs(group)
	t := tally{Clients: clients}
	for _, uid := range uids {
		if !g.elsewhere(cluster.UID, uid) {
			t.Own++
			continue
		}
		sum := sha256.Sum256([]byte(uid))
		t.Shared = append(t.Shared, sum[:digestBytes]...)
	}
	return t
}

const digestBytes = 8

func (g *Gateway) elsewhere(kind cluster.Kind, name string) bool {
	return !g.Alone() && g.cfg.Cluster.Elsewhere(kind, name)
}

// add puts another node's part to this one.
func (t *tally) add(more tally) {
	t.Clients += more.Clients
	t.Own += more.Own
	t.Shared = append(t.Shared, more.Shared...)
}

// count is the group's size.
func (t *tally) count() protocol.GroupCount {
	shared := make([]uint64, len(t.Shared)/digestBytes)
	for i := range shared {
		shared[i] = binary.BigEndian.Uint64(t.Shared[i*digestBytes:])
	}
	slices.Sort(shared)
	return protocol.GroupCount{Clients: t.Clients, UIDs: t.Own + len(slices.Compact(shared))}
}
