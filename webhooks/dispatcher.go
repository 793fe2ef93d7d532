package webhooks

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"gatepost/protocol"
)

// closeGrace is how long Close waits for attempts that are under way before it
// cuts them off.
const closeGrace = 5 * time.Second

// Dispatcher delivers events to the endpoints that want them.
type Dispatcher struct {
	endpoints []*endpoint
	letters   *letters
	outbox    *outbox // nil: nothing is kept
	log       *slog.Logger

	life     context.Context // of attempts
	cut      context.CancelFunc
	stopping context.Context // of all else
	stop     context.CancelFunc

	mu      sync.Mutex // guards the following
	carry   func(ev *protocol.Event, r *protocol.Reply)
	replays map[string]bool     // ids of letters that are being replayed
	rows    map[string][]*entry // of each client that has such: those not yet begun, in order
	closed  bool
	running sync.WaitGroup // deliveries and replays; Add only under mu
}

// New makes a Dispatcher for the endpoints of cfg, and registers its metrics
// with reg (nil: nowhere). An error lists every fault of the endpoints.
func New(cfg Config, log *slog.Logger, reg prometheus.Registerer) (*Dispatcher, error) {
	return newDispatcher(cfg, log, reg, nil)
}

func newDispatcher(cfg Config, log *slog.Logger, reg prometheus.Registerer, dial dialFunc) (*Dispatcher, error) {
	if err := checkAll(cfg); err != nil {
		return nil, err
	}
	if cfg.MessageTTL == 0 {
		cfg.MessageTTL = defaultMessageTTL
	}
	if cfg.OutboxMax == 0 {
		cfg.OutboxMax = defaultOutboxMax
	}
	d := &Dispatcher{log: log, outbox: newOutbox(cfg, log), replays: map[string]bool{}, rows: map[string][]*entry{}}
	d.life, d.cut = context.WithCancel(context.Background())
	d.stopping, d.stop = context.WithCancel(context.Background())
	held := newLease(d.life, cfg.Fence)
	s := newSeen()
	d.letters = newLetters(cfg, log, func(endpoint string) { s.evicted.WithLabelValues(endpoint).Inc() })
	if err := d.letters.open(); err != nil {
		d.Close()
		return nil, fmt.Errorf("the dead letters: %w", err)
	}
	for _, e := range cfg.Endpoints {
		e = e.withDefaults()
		out := &endpoint{
			Endpoint: e, courier: newCourier(e, cfg.Version, dial, cfg.Fence), lease: held, turns: newTurns(e.Concurrency, e.Batch, e.Timeout),
			letters: d.letters, outbox: d.outbox, waitingRoom: newWaitingRoom(), replay: make(chan struct{}, replaysAtOnce),
			ttl: cfg.MessageTTL, life: d.life, stopping: d.stopping, seen: s, log: log,
			failing: newQuiet(log, slog.LevelWarn), refusing: newQuiet(log, slog.LevelInfo), dying: newQuiet(log, slog.LevelError), garbled: newQuiet(log, slog.LevelWarn),
			strange: newQuiet(log, slog.LevelWarn),
		}
		out.client = out.newClient()
		d.endpoints = append(d.endpoints, out)
	}
	if err := s.register(reg, append(d.outbox.collectors(), newGauges(d))...); err != nil {
		d.Close()
		return nil, fmt.Errorf("webhook metrics: %w", err)
	}
	return d, nil
}

func checkAll(cfg Config) error {
	var faults []error
	if cfg.MessageTTL < 0 {
		faults = append(faults, errors.New("the messages' time to live can't be negative"))
	}
	if cfg.OutboxMax < 0 {
		faults = append(faults, errors.New("the outbox's bound can't be negative"))
	}
	names := map[string]bool{}
	for _, e := range cfg.Endpoints {
		faults = append(faults, e.check())
		if names[e.Name] {
			faults = append(faults, fmt.Errorf("webhook endpoint %q: there are two of that name", e.Name))
		}
		names[e.Name] = true
	}
	return errors.Join(faults...)
}

// SetCarry sets what carries out the reply to a dead letter that was replayed. It is
// called in the background, one event of a client at a time. Until it is set, and
// with nil, such replies are passed over.
func (d *Dispatcher) SetCarry(carry func(ev *protocol.Event, r *protocol.Reply)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.carry = carry
}

// Deliver sends ev to the endpoint for it and returns once it is decided: through
// the quick tries, and where there is a Keeper through all those from the outbox,
// which may take most of a day. path is where the client connected; traceID the
// trace that it belongs to, empty for one of its own. ev must not be changed any
// more.
//
// The end of ctx ends the waiting for a slot (within a tenth of a second) or a retry,
// never an attempt that is under way. With a Keeper a message or close is then put on record and Kept (see
// KeptEvents); it is Aborted without one, or where it can't be kept.
//
// An event that no endpoint wants counts as delivered, with an empty reply.
func (d *Dispatcher) Deliver(ctx context.Context, path, traceID string, ev *protocol.Event) protocol.Outcome {
	e := d.route(ev.Type, path)
	if e == nil {
		return protocol.Outcome{Verdict: protocol.Delivered, Reply: &protocol.Reply{}}
	}
	if !d.begin() {
		return e.unsent(path, traceID, ev)
	}
	defer d.running.Done()
	return e.deliver(ctx, path, traceID, ev)
}

// begin counts a delivery or replay in, unless the Dispatcher is closed.
func (d *Dispatcher) begin() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.closed {
		d.running.Add(1)
	}
	return !d.closed
}

// Stats is each endpoint in numbers, in the order of the configuration.
func (d *Dispatcher) Stats() []protocol.EndpointStats {
	stats := make([]protocol.EndpointStats, 0, len(d.endpoints))
	for _, e := range d.endpoints {
		limit, held, waiting, breaker := e.turns.load()
		stats = append(stats, protocol.EndpointStats{
			Name: e.Name, URL: e.courier.shown, Concurrency: limit, InFlight: held, Waiting: waiting + e.waitingRoom.load(), Breaker: breaker,
			Delivered: e.delivered.Load(), Failed: e.failed.Load(), Dead: d.letters.count(e.Name),
		})
	}
	return stats
}

// Abort gives up at once all that is under way: attempts are cut off, and messages
// and closes are Kept. Close follows.
func (d *Dispatcher) Abort() {
	d.halt()
	d.cut()
}

// Close ends all waiting for slots and retries (such messages and closes are Kept,
// or dead letters where there is no Keeper), gives the attempts under way five
// seconds and cuts off what is left then. It returns when nothing runs any more, a
// second later at most. Events that come afterwards are kept at once. The Keeper
// is to be closed after it.
func (d *Dispatcher) Close() {
	d.mu.Lock()
	d.closed = true
	d.mu.Unlock()
	d.halt()
	done := make(chan struct{})
	go func() {
		d.running.Wait()
		close(done)
	}()
	if !within(done, closeGrace) {
		d.cut()
		if !within(done, time.Second) {
			d.log.Error("a webhook's reply is still being carried out; it is not waited for")
		}
	}
	d.cut()
	for _, e := range d.endpoints {
		e.close()
	}
	d.letters.close()
	d.outbox.close()
}

// halt ends all waiting.
func (d *Dispatcher) halt() {
	d.stop()
	for _, e := range d.endpoints {
		e.turns.rouse()
	}
}

// within waits for done, at most for limit.
func within(done <-chan struct{}, limit time.Duration) bool {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-done:
		return true
	case <-timer.C:
		return false
	}
}
