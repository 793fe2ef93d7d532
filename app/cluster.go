package main

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"gatepost/app/config"
	"gatepost/cluster"
	"gatepost/gateway"
	"gatepost/hub"
	"gatepost/protocol"
	"gatepost/store"
	"gatepost/store/jetstream"
	"gatepost/webhooks"
)

// openCluster brings up this node's part in the cluster that the configuration asks
// for; nil: none. The other nodes don't know of it before join.
func openCluster(ctx context.Context, cfg *config.Config, node string, kept store.Store, log *slog.Logger, reg prometheus.Registerer) (*cluster.Cluster, error) {
	if !cfg.Clustered() {
		return nil, nil
	}
	o := cluster.Options{
		Node: node, Version: programVersion(), Secrets: cfg.Secrets, Listen: cfg.ClusterListen, Peers: cfg.ClusterPeers, URLs: cfg.NATSURLs,
		State: kept, Logger: log, Registerer: reg,
		Records: func(fn func(clientID string, record []byte) error) error { return gateway.Records(kept.Scan, fn) },
	}
	if len(cfg.NATSURLs) > 0 {
		o.ReadLost = readLost(cfg.NATSURLs, log)
	}
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	return cluster.Open(ctx, o)
}

// readLost reads what a lost node has on an external NATS.
func readLost(urls []string, log *slog.Logger) func(context.Context, cluster.Node, func(string, string, []byte) error) error {
	return func(ctx context.Context, lost cluster.Node, fn func(clientID, key string, value []byte) error) error {
		left, err := jetstream.ReadStream(ctx, jetstream.Options{URL: strings.Join(urls, ","), Node: lost.Tag, Logger: log})
		if err != nil {
			return err
		}
		defer left.Close()
		return gateway.Estate(left.Scan, func(key string, value []byte) error { return fn(gateway.ClientOf(key), key, value) })
	}
}

// joinCluster has the core and webhooks work as a part of the cluster.
func joinCluster(c *cluster.Cluster, core *gateway.Config, h *hub.Options) {
	core.Cluster, core.Fence = c, c.Fence()
	h.Names = func(kind hub.NameKind, name string, present bool) {
		switch kind {
		case hub.UIDs:
			c.Hold(cluster.UID, name, present)
		case hub.Groups:
			c.Hold(cluster.Group, name, present)
		}
	}
}

// fenceOf is what webhooks begin no attempt without; nil: they always may.
func fenceOf(c *cluster.Cluster) webhooks.Fence {
	if c == nil {
		return nil
	}
	return c.Fence()
}

// copiedJournal is a journal whose records of clients other nodes have too.
type copiedJournal struct {
	store.Store
	cluster *cluster.Cluster
	// draining: the node ends in order, and hands over what is left. Its changes are
	// kept once they are kept here: the others may be ending too.
	draining func() bool
}

func (j copiedJournal) Put(key string, value []byte) store.Commit {
	here := j.Store.Put(key, value)
	if id, ok := gateway.RecordOf(key); ok {
		if there := j.cluster.Copy(id, value); !j.draining() {
			return store.Both(here, there)
		}
	}
	return here
}

func (j copiedJournal) Delete(key string) store.Commit {
	here := j.Store.Delete(key)
	if id, ok := gateway.RecordOf(key); ok {
		j.cluster.Uncopy(id)
	}
	return here
}

// join makes the node a part of its cluster, and goes on with what an earlier process
// left once it is known which of its clients others have taken over.
func (n *node) join(ctx context.Context) error {
	if n.cluster == nil {
		n.resume()
		return nil
	}
	if err := n.cluster.Join(ctx, n.gateway); err != nil {
		return err
	}
	go func() {
		if n.cluster.Fence().Wait(ctx) == nil {
			n.resume()
		}
	}()
	return nil
}

const (
	// handOverTime is how long other nodes may take for what this one couldn't
	// deliver.
	handOverTime = 5 * time.Second
	// leaveTime is how long they may take to hear that it leaves.
	leaveTime = 2 * time.Second
)

// leave gives what wasn't delivered to another node and takes this one out of its
// cluster. A node that nobody takes it from stays a member: it comes back with it, or
// is lost like any other.
func (n *node) leave() {
	ctx, cancel := context.WithTimeout(context.Background(), handOverTime)
	defer cancel()
	entries, err := n.gateway.HandOver(ctx, n.cluster)
	switch {
	case err != nil && n.keeps:
		n.log.Warn("no other node has taken what wasn't delivered; the next start goes on with it", "error", err)
		return
	case err != nil:
		n.log.Error("no other node has taken what wasn't delivered: it ends with this process", "error", err)
		return
	case entries > 0:
		n.log.Info("another node has taken what wasn't delivered", "entries", entries)
	}
	ctx, cancel = context.WithTimeout(context.Background(), leaveTime)
	defer cancel()
	if err := n.cluster.Leave(ctx); err != nil {
		n.log.Warn("not every other node has heard that this one leaves", "error", err)
	}
}

// fatal gets the reason why the cluster wants this node to end; nil: it never does.
func (n *node) fatal() <-chan error {
	if n.cluster == nil {
		return nil
	}
	return n.cluster.Fatal()
}

// clusterReason is why a node isn't ready that isn't a part of its cluster.
func (n *node) clusterReason() string {
	if n.cluster == nil {
		return ""
	}
	if err := n.cluster.Health(); err != nil {
		return err.Error()
	}
	return ""
}

// nodes is the cluster as the API has it.
type nodes struct {
	self    string
	cluster *cluster.Cluster // nil: this node is alone
}

// Forget declares a node lost.
func (n nodes) Forget(ctx context.Context, name string) error {
	switch {
	case name == n.self:
		return &protocol.Problem{Status: 409, Code: cluster.CodeNodeAnswers, Field: "node", Detail: fmt.Sprintf("%q is this very node", name)}
	case n.cluster == nil:
		return &protocol.Problem{Status: 404, Code: protocol.CodeNotFound, Field: "node", Detail: fmt.Sprintf("there is no node %q: this one is alone", name)}
	}
	return n.cluster.Forget(ctx, name)
}
