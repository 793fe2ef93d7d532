package webhooks

import (
	"context"
	"crypto/rand"
	"time"

	"gatepost/protocol"
)

const (
	// maxBatchBytes is the largest body of a batch.
	maxBatchBytes = 512 << 10
	// envelopeBytes is more than what a batch's body has around its events.
	envelopeBytes = 160
)

// lead gathers events that wait for their first attempt into the slot that j
// has, and sends them in one POST. Where there are some, each is told its share,
// j too, and j's slot is given back.
func (e *endpoint) lead(j *job) {
	if e.Batch <= 1 || j.isConnect() || j.past.attempt() > 0 || j.run.probed {
		return
	}
	size, clients := envelopeBytes+len(j.body), map[string]bool{j.ev.Data.ClientID: true}
	others := e.turns.along(j.run.seat, e.Batch-1, func(other *job) bool {
		more := len(",") + len(other.body)
		if other.run.span.Context.Err() != nil || other.body == nil || size+more > maxBatchBytes || clients[other.ev.Data.ClientID] || e.tooOld(other) {
			return false
		}
		size += more
		clients[other.ev.Data.ClientID] = true
		return true
	})
	if len(others) == 0 {
		return
	}
	members := make([]*job, 1, len(others)+1)
	members[0] = j
	for _, s := range others {
		members = append(members, s.job)
	}
	b := newBatch(members, size)
	b.run.seat, j.run.seat = j.run.seat, nil
	b.run.span = newSpan(e.life, context.Background(), b, time.Time{}, nil)
	defer b.run.span.release()
	e.send(b)
	if b.past.ruling == accepted {
		e.turns.vouch(others)
	}
	e.divide(b, members)
	for _, s := range others {
		s.arrived()
	}
}

// newBatch is the delivery of the events of members in one envelope. size is
// what the body takes at most.
func newBatch(members []*job, size int) *job {
	b := &job{parcel: parcel{id: "evt_batch_" + rand.Text(), trace: traceOr("")}, run: run{most: 1}}
	at, _ := protocol.Time{Time: time.Now()}.MarshalJSON() // can't fail
	body := make([]byte, 0, size)
	body = append(body, `{"type":"batch","id":"`...)
	body = append(body, b.id...)
	body = append(body, `","timestamp":`...)
	body = append(body, at...)
	body = append(body, `,"data":{"events":[`...)
	for i, m := range members {
		if i > 0 {
			body = append(body, ',')
		}
		body = append(body, m.body...)
	}
	b.body = append(body, "]}}"...)
	return b
}

// batchRuling judges the attempt at a batch: there is never a second.
func batchRuling(a *answer) ruling {
	if a.status >= 200 && a.status <= 299 && a.fault == "" {
		return accepted
	}
	return final
}

// divide gives each member of a batch its share of the answer.
func (e *endpoint) divide(b *job, members []*job) {
	if b.run.cut { // as if nothing had been, unless the backend may have seen it
		for _, m := range members {
			m.past.earlier += b.past.earlier
			m.record.current = m.record.current && b.past.earlier == 0
			m.run.after = 0
		}
		return
	}
	a := b.past.last
	if a == nil {
		a = &answer{at: time.Now(), fault: "the batch could not be sent"}
	}
	if b.past.ruling != accepted {
		after, _ := a.retryAfter(time.Now())
		for _, m := range members {
			own := *a // as each drops what it needs no more
			m.travelled(b, &own, again)
			own.body = nil
			m.run.after = after
		}
		return
	}
	events := make([]*protocol.Event, len(members))
	for i, m := range members {
		events[i] = m.ev
	}
	parts, unknown, err := protocol.ParseBatchReply(events, a.body)
	if err != nil {
		e.unreadable(b.label(), b.id, a, err)
		parts = make([]protocol.ParsedReply, len(members))
	}
	e.unknownFields(&b.parcel, unknown)
	for i, m := range members {
		e.shareOut(b, m, a, parts[i])
	}
}

// travelled takes in the answer to the batch that a job was in.
func (j *job) travelled(b *job, a *answer, r ruling) {
	j.past.tries++
	j.plan.heard = b.plan.heard
	j.ended(a, r)
}

// shareOut gives a member of an accepted batch what the reply says of it.
func (e *endpoint) shareOut(b, m *job, a *answer, p protocol.ParsedReply) {
	reply := p.Reply
	switch {
	case p.Err != nil:
		e.unreadable(m.label(), m.id, a, p.Err)
		reply = &protocol.Reply{}
	case reply == nil:
		reply = &protocol.Reply{}
	case reply.Retry:
		asked := *a
		asked.fault = "the batch's reply asks for a retry"
		m.travelled(b, &asked, again)
		asked.body = nil
		m.run.after = jittered(firstPause)
		return
	default:
		e.unknownFields(&m.parcel, reply.Unknown)
	}
	m.travelled(b, a, accepted)
	m.past.reply = reply
}
