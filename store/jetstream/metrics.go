package jetstream

import (
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"gatepost/store"
)

// seen is the store's metrics.
type seen struct {
	to        prometheus.Registerer
	all       []prometheus.Collector
	commits   *prometheus.CounterVec
	latency   prometheus.Histogram
	compacted prometheus.Counter
}

func newSeen(s *Store, to prometheus.Registerer) (*seen, error) {
	gauge := func(name, help string, value func() float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "gatepost_store_" + name, Help: help}, value)
	}
	locked := func(value func() int64) func() float64 {
		return func() float64 {
			s.mu.Lock()
			defer s.mu.Unlock()
			return float64(value())
		}
	}
	m := &seen{to: to,
		commits: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "gatepost_store_commits_total", Help: "Messages of gathered records written to the log, by how that ended."}, []string{"result"}),
		latency: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "gatepost_store_commit_seconds", Help: "How long a message took to be acknowledged.",
			Buckets: []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, 1, 5}}),
		compacted: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "gatepost_store_compactions_total", Help: "Times that the front of the log was removed."}),
	}
	m.all = []prometheus.Collector{m.commits, m.latency, m.compacted,
		gauge("records", "Live records.", locked(func() int64 { return int64(s.index.records) })),
		gauge("live_bytes", "Bytes of live records.", locked(func() int64 { return s.index.live })),
		gauge("log_bytes", "Bytes of the log, live and garbage.", locked(func() int64 { return s.index.used })),
		gauge("limit_bytes", "Bytes that the log may take.", func() float64 { _, limit := s.Usage(); return float64(limit) }),
		gauge("pending_bytes", "Bytes of memory that wait to be written.", locked(func() int64 { return int64(s.pending) })),
		gauge("up", "1 while writes are kept, else 0.", func() float64 {
			if s.Health() != nil {
				return 0
			}
			return 1
		}),
	}
	if to == nil {
		return m, nil
	}
	for i, c := range m.all {
		if err := to.Register(c); err != nil {
			m.all = m.all[:i] // the others may be another store's
			m.unregister()
			return nil, err
		}
	}
	return m, nil
}

// unregister takes the metrics away, so that another Open can register its own.
func (m *seen) unregister() {
	if m.to == nil {
		return
	}
	for _, c := range m.all {
		m.to.Unregister(c)
	}
}

func (m *seen) commit(took time.Duration, err error) {
	m.latency.Observe(took.Seconds())
	switch {
	case err == nil:
		m.commits.WithLabelValues("kept").Inc()
	case errors.Is(err, store.ErrFull):
		m.commits.WithLabelValues("full").Inc()
	default:
		m.commits.WithLabelValues("unavailable").Inc()
	}
}
