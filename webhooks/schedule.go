package webhooks

import (
	"errors"
	"net/http"
	"slices"
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
	return slices.Contains([]int{http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests,
		http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout}, a.status)
}

// mayWait says whether a job whose run has ended undelivered is one for the
// outbox.
func (j *job) mayWait() bool {
	switch {
	case j.isConnect():
		return false
	case errors.Is(j.stopped, errAway), errors.Is(j.stopped, errUnread):
		return true
	case j.stopped != nil, j.past.ruling != again:
		return false
	}
	return j.ev.Type == protocol.Close || j.past.last.away()
}

// reschedule sets when a job that mayWait is due next. false: its schedule is
// spent.
func (j *job) reschedule(now time.Time) bool {
	switch {
	case errors.Is(j.stopped, errUnread) && j.later:
		j.due = now.Add(readAgain)
		return true
	case j.putOff:
		j.over = now
	case j.stopped == nil && j.later && j.past.last.at.Before(j.over):
		// It was tried before its time, since the endpoint seemed to be back or had
		// asked for it: that costs nothing of the schedule.
		j.calmDown(now)
	default:
		if j.step == len(laterPauses) {
			return false
		}
		j.over = now.Add(laterPauses[j.step])
		j.step++
		j.notBefore, j.rashes = now, 0
	}
	j.due, j.asked = j.over, false
	if j.stopped == nil {
		if wait, ok := j.past.last.retryAfter(now); ok {
			j.heed(wait, now)
		}
	}
	j.until = j.over.Add(restOf(j.step) + lastGrace)
	j.later = true
	return true
}

// heed lets the next try wait for as long as the backend asks. Where that is less
// than the schedule's own wait, such tries come ever more slowly: a backend that
// goes on asking for another would have the event dead within seconds, or see it
// all the time.
func (j *job) heed(wait time.Duration, now time.Time) {
	j.due = now.Add(wait)
	if j.due.Before(j.over) {
		j.due = earliest(j.over, now.Add(max(wait, j.calm())))
	}
	j.over = latest(j.over, j.due)
	// 429 is about this sender, so another's success doesn't lift it.
	j.asked = j.past.last.status == http.StatusTooManyRequests
}

// calm is the shortest wait after a try before its time.
func (j *job) calm() time.Duration { return min(calmFirst<<min(j.rashes, 5), calmMost) }

// calmDown sets when a success elsewhere counts again for the job.
func (j *job) calmDown(now time.Time) {
	if j.probed {
		return // the breaker's own pace holds
	}
	j.notBefore = now.Add(jittered(j.calm()))
	j.rashes++
}

func earliest(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
