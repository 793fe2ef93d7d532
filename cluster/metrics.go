package cluster

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics are what this part of the cluster counts.
type metrics struct {
	calls, unanswered, lost prometheus.Counter
	dropped                 *prometheus.CounterVec
	registered              []prometheus.Collector
	registerer              prometheus.Registerer
}

func newMetrics(c *Cluster) *metrics {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: "gatepost_cluster_" + name, Help: help})
	}
	gauge := func(name, help string, value func() float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "gatepost_cluster_" + name, Help: help}, value)
	}
	m := &metrics{
		registerer: c.o.Registerer,
		calls:      counter("calls_total", "Calls to other nodes, counted for each node."),
		unanswered: counter("calls_unanswered_total", "Of these, those that weren't answered."),
		lost:       counter("nodes_lost_total", "Other nodes that were declared lost, or forgotten."),
		dropped: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "gatepost_cluster_dropped_total",
			Help: "Messages from other nodes that weren't taken: malformed, from a stranger, or a gap before one that was."}, []string{"reason"}),
	}
	m.registered = []prometheus.Collector{
		m.calls, m.unanswered, m.lost, m.dropped,
		gauge("nodes", "Members of the cluster, with this node.", func() float64 { return float64(len(c.Nodes()) + 1) }),
		gauge("nodes_hearing", "Of these, those that can be heard, with this node.", func() float64 { return float64(len(c.hearing()) + 1) }),
		gauge("fence_open", "1 while this node may act on the outside.", func() float64 {
			if c.fence.Valid() {
				return 1
			}
			return 0
		}),
		prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "gatepost_cluster_overflows_total",
			Help: "Times when NATS dropped messages because this node didn't keep up."}, func() float64 { return float64(c.bus.slow.Load()) }),
	}
	if m.registerer == nil {
		return m
	}
	for _, r := range m.registered {
		if err := m.registerer.Register(r); err != nil && !errors.As(err, &prometheus.AlreadyRegisteredError{}) {
			c.log.Error("cluster: a metric can't be registered", "error", err)
		}
	}
	return m
}

func (m *metrics) unregister() {
	if m.registerer == nil {
		return
	}
	for _, r := range m.registered {
		m.registerer.Unregister(r)
	}
}
