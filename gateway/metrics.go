package gateway

import (
	"github.com/prometheus/client_golang/prometheus"

	"gatepost/protocol"
)

type metrics struct {
	events        map[protocol.EventType]prometheus.Counter
	replyFailures *prometheus.CounterVec
	replyPartial  prometheus.Counter
	givenUp       prometheus.Counter
	discarded     prometheus.Counter
}

func newMetrics(reg prometheus.Registerer, g *Gateway) *metrics {
	events := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "gatepost_events_total", Help: "Events made, by type.",
	}, []string{"event"})
	m := &metrics{
		events: map[protocol.EventType]prometheus.Counter{},
		replyFailures: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "gatepost_reply_failures_total",
			Help: "Parts of webhook replies that could not be carried out, by part and problem code.",
		}, []string{"part", "code"}),
		replyPartial: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "gatepost_reply_partial_total",
			Help: "Webhook replies whose actions concerned a node that didn't answer.",
		}),
		givenUp: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "gatepost_events_given_up_total",
			Help: "Events that were dropped since other nodes have taken their clients over.",
		}),
		discarded: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "gatepost_messages_discarded_total",
			Help: "Messages of clients that were dropped since a close with discard has ended them.",
		}),
	}
	for _, t := range protocol.EventTypes {
		m.events[t] = events.WithLabelValues(string(t))
	}
	reg.MustRegister(events, m.replyFailures, m.replyPartial, m.givenUp, m.discarded,
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "gatepost_events_waiting", Help: "Messages and closes that wait for their turn or are being delivered.",
		}, func() float64 { return float64(g.waiting.Load()) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "gatepost_events_waiting_bytes", Help: "Bytes of messages that wait for their turn or are being delivered.",
		}, func() float64 { return float64(g.waitingBytes.Load()) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "gatepost_messages_unrecorded", Help: "Messages that GATEPOST_DURABLE=all has not recorded yet, since the store took no writes.",
		}, func() float64 { return float64(g.recorder.unrecorded()) }),
	)
	return m
}
