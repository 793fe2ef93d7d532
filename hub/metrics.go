package hub

import (
	"strconv"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"gatepost/protocol"
)

// dropReason is why a message that was queued, or was to be, never left.
type dropReason int

const (
	droppedSlow    dropReason = iota // the send queue was full
	droppedRefused                   // the client never got a connection
	droppedForced                    // the connection was dropped at once
	droppedLost                      // the connection ended before
	dropReasons
)

var dropReasonNames = [dropReasons]string{"queue_full", "refused", "forced", "connection_lost"}

// Metrics are what a hub counts. One hub has one.
type Metrics struct {
	connecting, open, closing prometheus.Gauge
	framesIn, framesOut       prometheus.Counter
	bytesIn, bytesOut         prometheus.Counter
	dropped                   [dropReasons]prometheus.Counter
	closed                    *prometheus.CounterVec
	waiting                   atomic.Int64 // bytes in all send queues
}

// NewMetrics makes the metrics and registers them with reg, unless it is nil.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	m := &Metrics{}
	clients := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "gatepost_clients",
		Help: "Clients of this node by state: connecting, open or closing."}, []string{"state"})
	m.connecting, m.open, m.closing = clients.WithLabelValues("connecting"), clients.WithLabelValues("open"), clients.WithLabelValues("closing")

	frames := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "gatepost_frames_total",
		Help: "Frames by direction. In: messages from clients. Out: all that was handed to the kernel, control frames too."}, []string{"direction"})
	m.framesIn, m.framesOut = frames.WithLabelValues("in"), frames.WithLabelValues("out")

	bytes := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "gatepost_frame_bytes_total",
		Help: "Bytes by direction. In: payload of messages. Out: whole frames."}, []string{"direction"})
	m.bytesIn, m.bytesOut = bytes.WithLabelValues("in"), bytes.WithLabelValues("out")

	dropped := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "gatepost_dropped_messages_total",
		Help: "Messages that didn't reach a client they were meant for, by reason."}, []string{"reason"})
	for reason, name := range dropReasonNames {
		m.dropped[reason] = dropped.WithLabelValues(name)
	}

	m.closed = prometheus.NewCounterVec(prometheus.CounterOpts{Name: "gatepost_closes_total",
		Help: "Connections that ended, by close code and by who ended them; refused handshakes are none."}, []string{"code", "initiator"})
	waiting := prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "gatepost_send_queue_bytes",
		Help: "Bytes that wait in all send queues."}, func() float64 { return float64(m.waiting.Load()) })

	if reg != nil {
		reg.MustRegister(clients, frames, bytes, dropped, m.closed, waiting)
	}
	return m
}

func (m *Metrics) drop(reason dropReason, messages int) {
	if messages > 0 {
		m.dropped[reason].Add(float64(messages))
	}
}

func (m *Metrics) countClose(cause Cause) {
	m.closed.WithLabelValues(codeLabel(cause), string(cause.Initiator)).Inc()
}

// codeLabel is the close code, as long as a client couldn't make up any number of
// them.
func codeLabel(cause Cause) string {
	known := cause.Code >= protocol.CloseNormal && cause.Code <= protocol.CloseInternal ||
		cause.Code >= 4000 && cause.Code <= 4099 ||
		cause.Initiator == protocol.ByBackend && protocol.BackendMayClose(cause.Code)
	if !known {
		return "other"
	}
	return strconv.Itoa(cause.Code)
}
