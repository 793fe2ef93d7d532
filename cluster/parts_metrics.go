package cluster

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"
)

// partsMetrics are what the directory, copies and takeovers count.
type partsMetrics struct {
	taken      prometheus.Counter
	registered []prometheus.Collector
}

func newPartsMetrics(c *Cluster) *partsMetrics {
	gauge := func(name, help string, labels prometheus.Labels, value func() float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "gatepost_cluster_" + name, Help: help, ConstLabels: labels}, value)
	}
	names := func(kind Kind, label string) prometheus.Collector {
		return gauge("names", "Different names on all nodes, of connecting clients too.", prometheus.Labels{"kind": label},
			func() float64 { return float64(c.Names(kind)) })
	}
	m := &partsMetrics{taken: prometheus.NewCounter(prometheus.CounterOpts{Name: "gatepost_cluster_taken_over_total",
		Help: "Clients of lost nodes that this node took over."})}
	m.registered = []prometheus.Collector{m.taken, names(UID, "uid"), names(Group, "group"),
		gauge("copies_waiting_bytes", "Clients' records that other nodes haven't acknowledged yet.", nil, func() float64 {
			return float64(c.copies.waiting())
		})}
	if c.o.Registerer == nil {
		return m
	}
	for _, r := range m.registered {
		if err := c.o.Registerer.Register(r); err != nil && !errors.As(err, &prometheus.AlreadyRegisteredError{}) {
			c.o.Logger.Error("cluster: a metric can't be registered", "error", err)
		}
	}
	return m
}

func (m *partsMetrics) unregister(from prometheus.Registerer) {
	if from == nil {
		return
	}
	for _, r := range m.registered {
		from.Unregister(r)
	}
}
