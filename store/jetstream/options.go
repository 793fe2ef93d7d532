package jetstream

import (
	"errors"
	"log/slog"

	"github.com/prometheus/client_golang/prometheus"
)

// Options says where a store keeps its log.
type Options struct {
	// URL names the NATS server, with JetStream; Node names the stream, and no two
	// running nodes may share a name.
	URL  string
	Node string
	// MaxBytes bounds the log, live and garbage: puts beyond it fail with
	// store.ErrFull. Deletes and compaction may go above it by a quarter and 32 MiB.
	// 0 is 4 GiB.
	MaxBytes int64

	Logger     *slog.Logger
	Registerer prometheus.Registerer
}

const (
	defaultMaxBytes = 4 << 30
	// gathered is how large a message grows before the next one is begun.
	gathered = 512 << 10
	// payload is all that is made use of in one message. headers are for what NATS adds.
	payload, headers = 8 << 20, 4 << 10
	// leastPayload is what the server must take.
	leastPayload = 1 << 20
	// maxPending bounds the memory of what waits for an acknowledgement.
	maxPending = 32 << 20
)

func (o *Options) complete() error {
	if o.URL == "" {
		return errors.New("store: no NATS URL is given")
	}
	if o.MaxBytes <= 0 {
		o.MaxBytes = defaultMaxBytes
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return nil
}
