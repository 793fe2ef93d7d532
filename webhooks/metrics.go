package webhooks

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"gatepost/protocol"
)

// seen counts what happens at the endpoints.
type seen struct {
	attempts   *prometheus.CounterVec
	latency    *prometheus.HistogramVec
	dead       *prometheus.CounterVec
	evicted    *prometheus.CounterVec
	unreadable *prometheus.CounterVec
	unknown    *prometheus.CounterVec
	resent     *prometheus.CounterVec

	mu      sync.Mutex                       // guards the following
	counted map[[3]string]prometheus.Counter // attempts by their labels: a look-up in a vector costs several times as much
}

func newSeen() *seen {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: "gatepost_webhook_" + name, Help: help}, labels)
	}
	return &seen{
		counted:  map[[3]string]prometheus.Counter{},
		attempts: counter("attempts_total", "Webhook attempts by how they ended.", "endpoint", "event", "result"),
		latency: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "gatepost_webhook_attempt_seconds", Help: "How long webhook attempts took, body included.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}, []string{"endpoint"}),
		dead:       counter("dead_letters_total", "Events that could not be delivered.", "endpoint", "event", "reason"),
		evicted:    counter("dead_letters_evicted_total", "Dead letters that had to go, for newer ones or for their age.", "endpoint"),
		unreadable: counter("unreadable_replies_total", "2xx answers whose body is no reply.", "endpoint"),
		unknown:    counter("unknown_reply_fields_total", "Fields of replies that mean nothing for their event.", "endpoint"),
		resent:     counter("resent_total", "Attempts whose request was sent a second time, over a new connection, since a kept one was closed or silent.", "endpoint", "reason"),
	}
}

// attempt counts one attempt.
func (s *seen) attempt(endpoint, event string, a *answer) {
	labels := [...]string{endpoint, event, a.result()}
	s.mu.Lock()
	counter := s.counted[labels]
	if counter == nil {
		counter = s.attempts.WithLabelValues(labels[:]...)
		s.counted[labels] = counter
	}
	s.mu.Unlock()
	counter.Inc()
	if a.resent != "" {
		s.resent.WithLabelValues(endpoint, a.resent).Inc()
	}
	s.latency.WithLabelValues(endpoint).Observe(a.took.Seconds())
}

// result is the answer as a metric's label: one of eight.
func (a *answer) result() string {
	switch {
	case a.timeout:
		return "timeout"
	case a.status == 0:
		return "network"
	case a.fault != "" || a.status < 200 || a.status > 599:
		return "bad_reply"
	case a.status < 300:
		return "2xx"
	case a.status < 400:
		return "3xx"
	case a.unhandled():
		return "unhandled"
	case a.status < 500:
		return "4xx"
	}
	return "5xx"
}

// gauges reads the endpoints' state when it is asked for, so that an attempt
// needn't keep it up to date.
type gauges struct {
	d                                    *Dispatcher
	limit, inFlight, waiting, kept, open *prometheus.Desc
}

func newGauges(d *Dispatcher) *gauges {
	desc := func(name, help string) *prometheus.Desc {
		return prometheus.NewDesc("gatepost_webhook_"+name, help, []string{"endpoint"}, nil)
	}
	return &gauges{d: d,
		limit:    desc("concurrency_limit", "Webhook attempts that may be under way at once, now."),
		inFlight: desc("in_flight", "Webhook attempts under way."),
		waiting:  desc("waiting", "Events that wait for an attempt."),
		kept:     desc("dead_letters", "Dead letters that are kept."),
		open:     desc("breaker_open", "1 while the backend is taken for away and only probed."),
	}
}

// Describe is prometheus.Collector's.
func (g *gauges) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{g.limit, g.inFlight, g.waiting, g.kept, g.open} {
		to <- d
	}
}

// Collect is prometheus.Collector's.
func (g *gauges) Collect(to chan<- prometheus.Metric) {
	for _, e := range g.d.Stats() {
		gauge := func(d *prometheus.Desc, n int) {
			to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(n), e.Name)
		}
		gauge(g.limit, e.Concurrency)
		gauge(g.inFlight, e.InFlight)
		gauge(g.waiting, e.Waiting)
		gauge(g.kept, e.Dead)
		open := 0
		if e.Breaker != protocol.BreakerClosed {
			open = 1
		}
		gauge(g.open, open)
	}
}

// register adds all metrics to reg, or none.
func (s *seen) register(reg prometheus.Registerer, more ...prometheus.Collector) error {
	if reg == nil {
		return nil
	}
	all := append([]prometheus.Collector{s.attempts, s.latency, s.dead, s.evicted, s.unreadable, s.unknown, s.resent}, more...)
	for i, c := range all {
		if err := reg.Register(c); err != nil {
			for _, done := range all[:i] {
				reg.Unregister(done)
			}
			return err
		}
	}
	return nil
}
