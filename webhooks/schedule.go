package webhooks

import (
	"errors"
	"net/http"
	"time"

	"gatepost/protocol"
)

// laterPauses are the waits in the outbox, each before one attempt, once the
// quick tries are spent.
var laterPauses = [...]time.Duration{
	5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute, 30 * time.Minute,
	time.Hour, 2 * time.Hour, 5 * time.Hour, 10 * time.Hour,
}

const (
	// lastGrace is how long an event that is due may wait for its attempt, when no
	// other wait follows and the backend is only probed.
	lastGrace = time.Hour
	// readAgain is the wait before an event is looked for again that could not be
	// read from where it is kept.
	readAgain = 5 * time.Second
	// calmFirst and calmMost are the bounds of the wait, doubling, before an event
	// that failed when the endpoint's success, or its Retry-After, made it due before
	// its time is made due so again.
	calmFirst, calmMost = time.Second, 30 * time.Second
)

// restOf is how long the waits from step on take together.
func restOf(step int) (rest time.Duration) {
	for _, pause := range laterPauses[step:] {
		rest += pause
	}
	return rest
}

// away says that an answer shows a backend that is away or overrun, rather than
// one that has dealt with the event.
func (a *answer) away() bool {
	switch {
	case a.status == 0, a.timeout:
		return true
	case a.status >= 200 && a.status <= 299:
		return a.fault != "" && !a.oversize
	}
	switch a.status {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return true
	case http.StatusInternalServerError, http.StatusNotImplemented, http.StatusHTTPVersionNotSupported:
		return false
	}
	return a.status >= 500 && a.status <= 599 || a.unhandled()
}

// mayWait says whether a job whose run has ended undelivered is one for the
// outbox.
func (j *job) mayWait() bool {
	switch {
	case j.isConnect():
		return false
	case errors.Is(j.run.stopped, errAway), errors.Is(j.run.stopped, errUnread):
		return true
	case j.run.stopped != nil, j.past.ruling != again:
		return false
	}
	return j.ev.Type == protocol.Close || j.past.last.away()
}

// reschedule sets when a job that mayWait is due next. false: its schedule is
// spent.
func (j *job) reschedule(now time.Time) bool {
	p, tried := &j.plan, j.run.stopped == nil
	switch {
	case errors.Is(j.run.stopped, errUnread) && p.postponed:
		p.due = now.Add(readAgain)
		return true
	case j.run.putOff:
		p.over = now
	case tried && p.postponed && j.past.last.at.Before(p.over):
		// It was tried before its time, since the endpoint seemed to be back or had
		// asked for it: that costs nothing of the schedule.
		if !j.run.probed { // else the breaker's own pace holds
			p.calmDown(now)
		}
	case !p.goOn(now):
		return false
	}
	if tried && j.past.last.unhandled() { // so that the last try comes when their time is over
		p.over = earliest(p.over, j.past.last.at.Add(unhandledAtMost-j.past.unhandled))
	}
	p.due, p.asked = p.over, false
	if tried {
		if wait, ok := j.past.last.retryAfter(now); ok {
			p.heed(wait, now)
			// 429 is about this sender, so another's success doesn't lift it.
			p.asked = j.past.last.status == http.StatusTooManyRequests
		}
	}
	p.until = p.over.Add(restOf(p.step) + lastGrace)
	p.postponed = true
	return true
}
