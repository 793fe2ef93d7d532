package sqlite

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// seen is the store's metrics.
type seen struct {
	to          prometheus.Registerer
	all         []prometheus.Collector
	commits     *prometheus.CounterVec
	latency     prometheus.Histogram
	checkpoints prometheus.Counter
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
			Name: "gatepost_store_commits_total", Help: "Groups of writes written to the store, by how that ended."}, []string{"result"}),
		latency: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "gatepost_store_commit_seconds", Help: "How long a group took to be written.",
			Buckets: []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, 1, 5}}),
		checkpoints: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "gatepost_store_checkpoints_total", Help: "Times that pages were moved from the log into the database."}),
	}
	m.all = []prometheus.Collector{m.commits, m.latency, m.checkpoints,
		gauge("records", "Live records.", locked(func() int64 { n, _ := s.known.total.Of(""); return int64(n) })),
		gauge("live_bytes", "Bytes of live records.", locked(func() int64 { _, b := s.known.total.Of(""); return b })),
		gauge("limit_bytes", "Bytes that live records may take.", func() float64 { return float64(s.options.MaxBytes) }),
		gauge("log_bytes", "Bytes that the database and its log take.", locked(func() int64 { return s.files })),
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
	case isFull(err):
		m.commits.WithLabelValues("full").Inc()
	default:
		m.commits.WithLabelValues("unavailable").Inc()
	}
}
