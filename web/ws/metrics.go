package ws

import "github.com/prometheus/client_golang/prometheus"

// metrics count what happens before a client is open, and what is kept from the
// backend; clients, frames and bytes are counted by hub.
type metrics struct {
	upgrades, throttled, heartbeats, panics prometheus.Counter
	refused                                 *prometheus.CounterVec
}

func newMetrics(reg prometheus.Registerer) *metrics {
	m := &metrics{
		upgrades: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "gatepost_upgrades_total",
			Help: "Connections that were upgraded to a client's.",
		}),
		throttled: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "gatepost_throttled_messages_total",
			Help: "Messages, pings and other frames that had to wait because their client was over its rate.",
		}),
		heartbeats: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "gatepost_application_heartbeats_total",
			Help: "Text frames taken for a heartbeat, negotiated or the application's own.",
		}),
		panics: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "gatepost_client_panics_total",
			Help: "Panics while serving a client; each is logged with its stack and closed one connection.",
		}),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "gatepost_refused_handshakes_total",
			Help: "Handshakes that were refused, by HTTP status.",
		}, []string{"status"}),
	}
	reg.MustRegister(m.upgrades, m.throttled, m.heartbeats, m.panics, m.refused)
	return m
}
