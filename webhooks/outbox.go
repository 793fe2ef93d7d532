package webhooks

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"gatepost/protocol"
)

const (
	defaultOutboxMax = 1 << 30
	// keepWithin bounds the waiting for a write: whoever waits has an event in
	// hand, and a client behind it.
	keepWithin = 5 * time.Second
	// smallBody is how large an event's JSON may be that stays in memory while it
	// waits in the outbox.
	smallBody = 2 << 10
)

// outbox is where events are kept that wait for a later try: on record, so that
// they go on after a restart. nil keeps nothing.
type outbox struct {
	keeper  Keeper
	most    int64 // bytes
	durable bool  // messages are kept before their first attempt
	log     *slog.Logger
	unkept  prometheus.Counter
	failing *quiet

	full atomic.Bool // as of the last look
}

func newOutbox(cfg Config, log *slog.Logger) *outbox {
	if cfg.Keeper == nil {
		return nil
	}
	return &outbox{keeper: cfg.Keeper, most: cfg.OutboxMax, durable: cfg.DurableMessages, log: log,
		failing: newQuiet(log, slog.LevelError),
		unkept: prometheus.NewCounter(prometheus.CounterOpts{Name: "gatepost_outbox_unkept_total",
			Help: "Times that an event could not be kept for later; it stayed in memory."})}
}

// keepsFirst says whether an event is kept before its first attempt.
func (o *outbox) keepsFirst(t protocol.EventType) bool {
	return o != nil && (t == protocol.Close || t == protocol.Inbound && o.durable)
}

// record is what the Keeper has of a job.
type record struct {
	exists  bool // there is one, or may be, which is the same to who has to tidy up
	kept    bool // there is one, perhaps of how the job stood earlier
	current bool // there is one, and it says how the job stands
}

// keep puts a job on record as it stands, and says whether it is there. A message
// that finds the outbox full is turned away, unless it must.
func (o *outbox) keep(endpoint string, j *job, must bool) bool {
	if j.record.current {
		return true
	}
	err := errOutboxFull
	if must || j.record.exists || j.ev.Type == protocol.Close || !o.isFull() {
		err = o.write(endpoint, j)
	}
	if err != nil {
		o.unkept.Inc()
		o.failing.say("an event can't be kept for later; it stays in memory", slog.String("endpoint", endpoint),
			slog.String("event", j.label()), slog.String("id", j.id), slog.String("error", err.Error()))
		return false
	}
	j.record.kept, j.record.current = true, true
	return true
}

var errOutboxFull = errors.New("the outbox is full")

// write waits for its end whatever becomes of the caller's interest: that is when
// it matters most.
func (o *outbox) write(endpoint string, j *job) error {
	head := recordOf(endpoint, j)
	value, err := joinRecord(head, j.body)
	if err == nil && len(value) > o.keeper.Largest() {
		head.Failed = withoutAnswers(j.past.failed)
		value, err = joinRecord(head, j.body)
	}
	if err != nil {
		return err
	}
	commit := o.keeper.Put(OutboxPrefix+j.id, value)
	j.record.exists = true
	ctx, done := context.WithTimeout(context.Background(), keepWithin)
	defer done()
	err = commit.Wait(ctx)
	o.isFull()
	return err
}

// forget takes an event off the record.
func (o *outbox) forget(j *job) {
	if o == nil || !j.record.exists {
		return
	}
	o.keeper.Delete(OutboxPrefix + j.id)
	if o.full.Load() {
		o.isFull()
	}
}

// read gives the bytes of an event that is on record.
func (o *outbox) read(ctx context.Context, id string) ([]byte, error) {
	ctx, done := context.WithTimeout(ctx, keepWithin)
	defer done()
	value, err := o.keeper.Get(ctx, OutboxPrefix+id)
	if err != nil {
		return nil, err
	}
	return splitRecord(value, &outboxRecord{})
}

// isFull looks whether the outbox is over its bound. It is full until a tenth of
// it is free again, so that it doesn't say so by turns.
func (o *outbox) isFull() bool {
	_, bytes := o.keeper.Size(OutboxPrefix)
	was := o.full.Load()
	full := bytes >= o.most || was && bytes > o.most-o.most/10
	if full == was || !o.full.CompareAndSwap(was, full) {
		return full
	}
	if full {
		o.log.Error("the outbox is full: clients' messages wait until there is room", "bytes", bytes, "most", o.most)
	} else {
		o.log.Info("the outbox has room again", "bytes", bytes, "most", o.most)
	}
	return full
}

// Full says whether the outbox has reached its bound. What comes then is tried
// still, and closes are kept; but as long as it is full no more messages should be
// taken from clients.
func (d *Dispatcher) Full() bool { return d.outbox != nil && d.outbox.isFull() }

// Ready is nil, or says why events can't be kept now.
func (d *Dispatcher) Ready() error {
	if d.outbox == nil {
		return nil
	}
	if err := d.outbox.keeper.Health(); err != nil {
		return fmt.Errorf("events can't be kept: %w", err)
	}
	if d.outbox.isFull() {
		return errOutboxFull
	}
	return nil
}

// collectors are the outbox's metrics.
func (o *outbox) collectors() []prometheus.Collector {
	if o == nil {
		return nil
	}
	gauge := func(name, help string, value func() float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "gatepost_outbox_" + name, Help: help}, value)
	}
	return []prometheus.Collector{o.unkept,
		gauge("events", "Events in the outbox: kept until they are delivered or dead letters.", func() float64 {
			keys, _ := o.keeper.Size(OutboxPrefix)
			return float64(keys)
		}),
		gauge("bytes", "Bytes of the outbox.", func() float64 {
			_, bytes := o.keeper.Size(OutboxPrefix)
			return float64(bytes)
		}),
		gauge("set_aside", "Records of the outbox that could not be read, and were set aside.", func() float64 {
			keys, _ := o.keeper.Size(asidePrefix)
			return float64(keys)
		}),
		gauge("full", "1 while the outbox is over its bound.", func() float64 {
			if o.isFull() {
				return 1
			}
			return 0
		}),
	}
}

func (o *outbox) close() {
	if o != nil {
		o.failing.close()
	}
}
