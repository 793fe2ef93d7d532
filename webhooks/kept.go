package webhooks

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"gatepost/protocol"
)

// KeptEvent is an event of an earlier run that waits in the outbox.
type KeptEvent struct {
	// Event is its envelope: what tells whose it is and which. Its message, groups,
	// session and request stay where they are kept, and are nil here.
	Event *protocol.Event
	// Path is where the client connected.
	Path string
	// TraceID is the trace that it belongs to.
	TraceID string

	record outboxRecord
}

// Endpoint names the endpoint that the event was kept for.
func (k *KeptEvent) Endpoint() string { return k.record.Endpoint }

// Due is when it is to be tried next; the zero time: its quick tries aren't over.
func (k *KeptEvent) Due() time.Time { return k.record.Due }

// KeptEvents gives what an earlier run left in the outbox, by client id, and of
// each client in order, the close last. Each is to be given to Redeliver, those of
// a client one after the other and before that client's other events. It is called
// once, before anything is delivered.
func (d *Dispatcher) KeptEvents() ([]KeptEvent, error) {
	if d.outbox == nil {
		return nil, nil
	}
	var kept []KeptEvent
	err := d.outbox.keeper.Scan(OutboxPrefix, func(key string, value []byte) error {
		id := key[len(OutboxPrefix):]
		if d.letters.has(id) { // it died as the process did
			d.outbox.keeper.Delete(key)
			return nil
		}
		k, err := readKept(value)
		if err != nil {
			d.log.Error("an event in the outbox can't be read; it is set aside", "id", id, "key", asidePrefix+id, "error", err)
			d.outbox.keeper.Put(asidePrefix+id, value)
			d.outbox.keeper.Delete(key)
			return nil
		}
		kept = append(kept, *k)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("the outbox: %w", err)
	}
	slices.SortFunc(kept, func(a, b KeptEvent) int {
		if c := cmp.Compare(a.Event.Data.ClientID, b.Event.Data.ClientID); c != 0 {
			return c
		}
		return order(a.Event.Type, a.Event.Data.Seq, b.Event.Type, b.Event.Data.Seq)
	})
	return kept, nil
}

// readKept reads what is on record of an event in the outbox.
func readKept(value []byte) (*KeptEvent, error) {
	k := &KeptEvent{}
	body, err := splitRecord(value, &k.record)
	if err != nil {
		return nil, err
	}
	k.Path, k.TraceID = k.record.Path, k.record.Trace
	if k.Event, err = envelope(body); err != nil {
		return nil, err
	}
	k.Event.Born = protocol.Restored(k.Event.Timestamp.Time, k.record.Age)
	return k, nil
}

// Redeliver takes the delivery of a kept event up where it was left: its attempts
// count on, and it is due when it was; at once where that has passed, as fast as
// the endpoint's slots allow. It returns like Deliver.
func (d *Dispatcher) Redeliver(ctx context.Context, k *KeptEvent) protocol.Outcome {
	e := d.named(k.record.Endpoint)
	if e == nil {
		e = d.route(k.Event.Type, k.Path)
	}
	if e == nil {
		d.unwanted(ctx, k)
		return protocol.Outcome{Verdict: protocol.Dead}
	}
	if !d.begin() {
		return protocol.Outcome{Verdict: protocol.Kept}
	}
	defer d.running.Done()
	j := k.job(time.Now())
	_, j.plan.heard = e.waitingRoom.listen()
	return e.settle(ctx, j)
}

// unwanted makes a kept event a dead letter that no endpoint takes any more.
func (d *Dispatcher) unwanted(ctx context.Context, k *KeptEvent) {
	id := k.Event.ID
	body, err := d.outbox.read(ctx, id)
	if err != nil {
		d.log.Error("an event in the outbox can't be read", "id", id, "error", err)
		return
	}
	d.log.Error("an event is a dead letter: the endpoint that it was kept for isn't configured any more",
		"endpoint", k.record.Endpoint, "id", id)
	d.letters.keep(&letter{event: k.Event, body: body, trace: k.TraceID, endpoint: k.record.Endpoint, reason: Unwanted,
		attempts: k.record.Failed, diedAt: time.Now()})
}
