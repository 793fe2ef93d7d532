package cluster

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics are what the cluster counts.
type metrics struct {
	calls, unanswered, lost, taken prometheus.Counter
	dropped                        *prometheus.CounterVec
	registered                     []prometheus.Collector
}

// newMetrics registers them. The parts must be there: what is asked at each look asks them.
func newMetrics(c *Cluster) *metrics {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: "gatepost_cluster_" + name, Help: help})
	}
	gauge := func(name, help string, labels prometheus.Labels, value func() float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "gatepost_cluster_" + name, Help: help, ConstLabels: labels}, value)
	}
	names := func(kind Kind, label string) prometheus.Collector {
		return gauge("names", "Different names on all nodes, of connecting clients too.", prometheus.Labels{"kind": label},
			func() float64 { return float64(c.Names(kind)) })
	}
	m := &metrics{
		calls:      counter("calls_total", "Calls to other nodes, counted for each node."),
		unanswered: counter("calls_unanswered_total", "Of these, those that weren't answered."),
		lost:       counter("nodes_lost_total", "Other nodes that were declared lost, or forgotten."),
		taken:      counter("taken_over_total", "Clients of lost nodes that this node took over."),
		dropped: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "gatepost_cluster_dropped_total",
			Help: "Messages from other nodes that weren't taken: malformed, from a stranger, or a gap before one that was."}, []string{"reason"}),
	}
	m.registered = []prometheus.Collector{
		m.calls, m.unanswered, m.lost, m.taken, m.dropped, names(UID, "uid"), names(Group, "group"),
		gauge("nodes", "Members of the cluster, with this node.", nil, func() float64 { return float64(len(c.Nodes()) + 1) }),
		gauge("nodes_hearing", "Of these, those that can be heard, with this node.", nil, func() float64 { return float64(len(c.hearing()) + 1) }),
		gauge("fence_open", "1 while this node may act on the outside.", nil, func() float64 {
			if c.fence.Valid() {
				return 1
			}
			return 0
		}),
		gauge("copies_waiting_bytes", "Clients' records that other nodes haven't acknowledged yet.", nil,
			func() float64 { return float64(c.copies.waiting()) }),
		prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "gatepost_cluster_overflows_total",
			Help: "Times when NATS dropped messages because this node didn't keep up."}, func() float64 { return float64(c.bus.slow.Load()) }),
	}
	for _, r := range m.registered {
		if err := c.o.Registerer.Register(r); err != nil && !errors.As(err, &prometheus.AlreadyRegisteredError{}) {
			c.log.Error("cluster: a metric can't be registered", "error", err)
		}
	}
	return m
}

// unregister takes them off again; nil: there are none yet.
func (m *metrics) unregister(from prometheus.Registerer) {
	if m == nil {
		return
	}
	for _, r := range m.registered {
		from.Unregister(r)
	}
}
