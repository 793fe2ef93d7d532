package web

import (
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/time/rate"

	"gatepost/protocol"
	"gatepost/web/http1"
)

// young is how long what came with a connection may take to be read on a busy node.
const young = 250 * time.Millisecond

// newLimits are the limits of the public listener.
func newLimits(cfg Config, deps Deps, proxies *Proxies) http1.Limits {
	d := &dropped{log: deps.Log, closed: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "gatepost_http_connections_dropped_total",
		Help: "Connections that were no client's and were closed since there were too many of one address or on this node: idle ones, or new ones.",
	}, []string{"limit", "connection"})}
	d.address.every.Interval, d.node.every.Interval = dropLineEvery, dropLineEvery
	deps.Registerer.MustRegister(d.closed)
	return http1.Limits{
		Total: cfg.MaxConnections, PerAddress: cfg.MaxConnectionsPerIP, Young: young,
		Address: func(peer netip.Addr) (netip.Prefix, bool) {
			peer = plain(peer)
			return protocol.Subscriber(peer), proxies.believed(peer)
		},
		Hijacked: deps.Upgraded,
		Dropped:  d.drop,
	}
}

// countOpen has the connections that are no client's counted.
func countOpen(reg prometheus.Registerer, server *http1.Server) {
	reg.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "gatepost_http_connections",
		Help: "Connections to the public listener that are no client's: calls, handshakes, and those on which nothing comes.",
	}, func() float64 { return float64(server.Open()) }))
}

// dropLineEvery is how often connections that were closed make a line in the log.
const dropLineEvery = 10 * time.Second

// dropped counts and logs the connections that were closed for a limit.
type dropped struct {
	log           *slog.Logger
	closed        *prometheus.CounterVec
	address, node dropLine // by the limit
}

// dropLine is one line of the log, which stands for all since the one before.
type dropLine struct {
	mu    sync.Mutex // guards what follows
	every rate.Sometimes
	times int // connections since the last line
}

func (d *dropped) drop(drop http1.Drop) {
	limit, line := "address", &d.address
	if drop.Total {
		limit, line = "node", &d.node
	}
	n := drop.Idle
	d.closed.WithLabelValues(limit, "idle").Add(float64(drop.Idle))
	if drop.Refused {
		d.closed.WithLabelValues(limit, "new").Inc()
		n++
	}
	if times := line.due(n); times > 0 {
		d.log.Warn("there were too many connections that are no client's; the longest idle were closed",
			"limit", limit, "times", times, "newest_from", drop.Address.String())
	}
}

// due adds n connections and is how many a line stands for now; 0: it isn't time for one.
func (l *dropLine) due(n int) (times int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.times += n
	l.every.Do(func() { times, l.times = l.times, 0 })
	return times
}
