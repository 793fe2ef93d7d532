package gateway

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"gatepost/hub"
	"gatepost/protocol"
)

// Config is what an operator decides about the core.
type Config struct {
	Node    string // this node's name
	Version string // of the program, for the list of nodes
	// Welcome is the first text frame, in which {client_id} and {heartbeat} are
	// replaced; empty sends none. protocol.Welcome gains a heartbeat where one is asked
	// for.
	Welcome string
	// MaxPush is the largest message that may be pushed, in bytes.
	MaxPush int
	// LaneMessages and LaneBytes bound what waits for one client's events; past
	// them its socket isn't read. Zero: 64 messages and 256 KiB.
	LaneMessages, LaneBytes int
	// WaitingBytes bounds what waits for all of them together, but for one
	// message each. Zero: 256 MiB.
	WaitingBytes int64
	// Journal keeps what must outlive the process; nil: nothing does.
	Journal Journal
	// DurableMessages has the journal keep messages from the moment they come, not
	// only those that wait when the node ends.
	DurableMessages bool
	// Cluster is the other nodes; nil: this one is alone.
	Cluster Cluster
	// Fence says whether this node may act on the outside; nil: it always may.
	Fence Fence
	// Outbox has the kept events and dead letters that other nodes hand over; nil:
	// none are taken.
	Outbox Outbox
	// Webhooks is asked about endpoints and dead letters; nil: there are none.
	Webhooks Webhooks
	// Full says that the outbox takes no more: clients' messages then wait
	// unread, and new clients are refused. nil: it never is.
	Full func() bool
}

// Gateway is the core of one node.
type Gateway struct {
	cfg     Config
	hub     *hub.Hub
	events  Deliverer
	log     *slog.Logger
	metrics *metrics
	nodeTag string
	started time.Time

	// life ends with Stop; deliveries that haven't begun are given up then.
	life context.Context
	stop context.CancelFunc
	// flushing ends with Flush: what is left is written down until then.
	flushing context.Context
	flushed  context.CancelFunc

	draining     atomic.Bool
	waiting      atomic.Int64 // messages and closes in all lanes
	waitingBytes atomic.Int64 // their payloads
	clients      pending      // from Connect until the close event is finished, or kept
	unfinished   unfinished
	workers      workers
	tenures      sync.Pool // of *tenure
	recorder     recorder
	handedOver   estates
	receiving    pending      // what other nodes leave and is being put on record here
	lost         atomic.Int64 // events that ended with the process
	stale        atomic.Bool  // changes of clients' records may have failed
	catchingUp   atomic.Bool  // catchUp runs
}

// New makes the core of a node that holds its clients in h and sends their
// events through events. Metrics are registered on reg.
func New(cfg Config, h *hub.Hub, events Deliverer, log *slog.Logger, reg prometheus.Registerer) *Gateway {
	if cfg.LaneMessages == 0 {
		cfg.LaneMessages = 64
	}
	if cfg.LaneBytes == 0 {
		cfg.LaneBytes = 256 << 10
	}
	if cfg.WaitingBytes == 0 {
		cfg.WaitingBytes = 256 << 20
	}
	g := &Gateway{
		cfg: cfg, hub: h, events: events, log: log,
		nodeTag: protocol.NodeTag(cfg.Node), started: time.Now(),
	}
	g.recorder.g, g.recorder.behind = g, map[*lane]*hub.Client{}
	g.handedOver.byNode = map[string]*estate{}
	g.unfinished.left, g.unfinished.more = leftovers{}, leftovers{}
	if cfg.Fence != nil {
		g.unfinished.begun = map[string]*hub.Client{}
	}
	g.life, g.stop = context.WithCancel(context.Background())
	g.flushing, g.flushed = context.WithCancel(context.Background())
	g.workers.work = g.work
	g.metrics = newMetrics(reg, g)
	return g
}

// Stop gives up the deliveries that haven't begun, at once. Drain comes first
// where events are not to be lost.
func (g *Gateway) Stop() {
	g.stop()
	g.handedOver.stop()
	g.workers.end()
}

// Flush waits, at most until ctx ends, while what is left is written down. It
// follows Stop, once no attempt is under way any more; the journal is to be closed
// after it.
func (g *Gateway) Flush(ctx context.Context) {
	_ = g.clients.wait(ctx) // what isn't written by then was told of, or is on record as connected
	g.flushed()
}
