package cluster

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"gatepost/store"
)

// Options say who this node is and how the others are found.
type Options struct {
	Node    string   // this node's name, unique in the cluster
	Version string   // the program's
	Secrets []string // GATEPOST_SECRET: the first is used, all are accepted. At least one

	// Listen is the address for the routes of the other nodes, "host:port" or
	// ":port". It starts a NATS server in this process.
	Listen string
	// Peers are where other nodes listen: "host:port", or "dns:name:port", which
	// stands for every address that the name has, looked up again and again.
	Peers []string
	// URLs name an external NATS server instead of Listen and Peers.
	URLs []string

	// ReadLost, used with URLs, calls fn for each key of the journal of a node that is
	// lost, and its value, in the order in which Host.Adopt is to get them, without a
	// change to it; clientID, which may be empty, is the client that it belongs to. nil:
	// nodes keep no journals that others can read.
	ReadLost func(ctx context.Context, lost Node, fn func(clientID, key string, value []byte) error) error
	// Records, used with Listen, calls fn for each client of this node that is on record
	// (see Copy), with its record; nil: none ever is. What fn gets is its own.
	Records func(fn func(clientID string, record []byte) error) error

	State      State                 // outlives the process, or doesn't where nothing is kept
	Logger     *slog.Logger          // nil: nothing is logged
	Registerer prometheus.Registerer // nil: nobody looks at the metrics

	timing   timing
	resolver resolver
	clock    func() moment
	drop     func(tag string) bool // tests cut this node off from another
}

// State is where the cluster keeps what must outlive the process, under keys
// that begin with n/, p/ and l/.
type State interface {
	Put(key string, value []byte) Commit
	Delete(key string) Commit
	// Scan calls fn for each key with this prefix; what fn gets is its own.
	Scan(prefix string, fn func(key string, value []byte) error) error
}

// Commit is the fate of a write: Wait returns nil once it is kept.
type Commit = store.Commit

// timing is how long things take; tests take shorter ones.
type timing struct {
	beat    time.Duration // from one beat to the next
	silence time.Duration // without a beat: the node is silent
	lease   time.Duration
	margin  time.Duration // for clocks that run differently
	call    time.Duration // the whole of one call
	meeting time.Duration // how long Join waits for peers
	resolve time.Duration // from one look at the DNS to the next
}

var defaultTiming = timing{
	beat: 500 * time.Millisecond, silence: 2 * time.Second, lease: 6 * time.Second, margin: 2 * time.Second,
	call: 1800 * time.Millisecond, meeting: 3 * time.Second, resolve: 3 * time.Second,
}

func (o *Options) complete() error {
	switch {
	case o.Node == "":
		return errors.New("cluster: the node has no name")
	case len(o.Secrets) == 0:
		return errors.New("cluster: a secret is needed")
	case (o.Listen == "") == (len(o.URLs) == 0):
		return errors.New("cluster: either an address to listen on or a NATS URL is needed")
	case o.State == nil:
		return errors.New("cluster: no state")
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Registerer == nil {
		o.Registerer = prometheus.NewRegistry()
	}
	if o.timing == (timing{}) {
		o.timing = defaultTiming
	}
	if o.Records == nil {
		o.Records = func(func(string, []byte) error) error { return nil }
	}
	if o.resolver == nil {
		o.resolver = net.DefaultResolver
	}
	if o.clock == nil {
		o.clock = present
	}
	return nil
}
