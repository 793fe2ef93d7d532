package webhooks

import (
	"errors"
	"time"
)

// How long a job waits for a slot while the breaker is open: a connect's client
// waits with it; quick tries would be over soon.
const (
	connectPatience = 500 * time.Millisecond
	quickPatience   = 5 * time.Second
)

func (j *job) patience() time.Duration {
	switch {
	case j.isConnect():
		return connectPatience
	case j.plan.postponed:
		return endless
	}
	return quickPatience
}

// begin is take for the first attempt. A connect waits half its time at most: in a
// storm of them whatever began later would be cut short, so that its client is
// sent away though the backend has let it in.
func (e *endpoint) begin(j *job) bool {
	if j.terms.deadline.IsZero() {
		return e.take(j.run.span, j)
	}
	half := j.run.span.until(j.terms.deadline.Add(-e.Timeout/2), errOverdue)
	defer half.release()
	return e.take(half, j)
}

// take waits until the job's next attempt may begin: for the fence, and for a slot or
// its share of another's batch. false: the job ends here, and stopped says why.
func (e *endpoint) take(span *span, j *job) bool {
	for {
		if j.run.stopped = e.lease.wait(span, j); j.run.stopped != nil || !e.sit(span, j) {
			return false
		}
		if j.run.seat == nil || e.lease.valid() {
			return true
		}
		e.leave(j, unknown, silent)
	}
}

// sit waits for the slot.
func (e *endpoint) sit(span *span, j *job) bool {
	s := &seat{job: j, patience: j.patience(), waiter: waiter{class: j.class(), addr: j.addr(), uid: j.uid()}}
	s.owner = s
	if j.past.attempt() > 0 {
		s.kind = repeated
	}
	if j.run.stopped = span.cause(); j.run.stopped != nil {
		return false
	}
	if j.run.stopped = e.turns.take(span, s); j.run.stopped != nil {
		if errors.Is(j.run.stopped, errAway) && !j.isConnect() {
			j.past.missed(time.Now())
		}
		return false
	}
	if s.state == riding {
		return true
	}
	j.run.seat, j.run.probed = s, s.probe
	if j.run.stopped = e.obstacle(span, j); j.run.stopped != nil {
		e.leave(j, unknown, silent)
		return false
	}
	return true
}

// obstacle is why a job that has got its slot makes no attempt after all, or nil.
func (e *endpoint) obstacle(span *span, j *job) error {
	if why := span.cause(); why != nil {
		return why
	}
	if e.tooOld(j) {
		return errExpired
	}
	err := e.load(&j.parcel)
	if err == nil {
		return nil
	}
	e.lost(&j.parcel, err)
	if errors.Is(err, errLost) {
		return errLost
	}
	return errUnread
}

// leave gives the job's slot back.
func (e *endpoint) leave(j *job, how load, says sign) {
	if j.run.seat == nil {
		return
	}
	turned := e.turns.give(j.run.seat, how, says)
	j.run.seat = nil
	switch turned {
	case hasOpened:
		e.log.Warn("the breaker is open: the backend is away, and is only probed until it answers", "endpoint", e.Name, "url", e.courier.shown)
	case hasClosed:
		e.log.Info("the breaker is closed: the backend is back", "endpoint", e.Name, "url", e.courier.shown)
	}
	if turned != unturned || says == well {
		e.waitingRoom.ring()
	}
}
