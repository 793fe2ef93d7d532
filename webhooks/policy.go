package webhooks

import (
	"math/rand/v2"
	"net/http"
	"time"

	"gatepost/protocol"
)

const (
	// quickTries is how often an event is sent before it is handed on.
	quickTries = 5
	// firstPause is the shortest wait before the second try; it doubles from try
	// to try, and up to half of it comes on top.
	firstPause = 200 * time.Millisecond
	// longestPause is the longest that an event waits between quick tries for which
	// there is an outbox: there a success makes it due, and it is on record.
	longestPause = 5 * time.Second
)

// statusOverloaded has no RFC. Some edges and APIs answer so where others answer 503.
const statusOverloaded = 529

// ruling is what an answer means for its event.
type ruling uint8

const (
	undecided ruling = iota // there was no attempt
	accepted                // a 2xx that counts
	refused                 // a connect's 4xx
	again                   // worth another try
	final                   // no other try would help
)

// rule judges an attempt at an event of this type. readable says of a connect's
// 2xx that its body is a reply.
//
// A message or close is tried again where the backend is away or says so itself (408,
// 425, 429, every 5xx but 501 and 505), or the answer is unhandled; a connect wherever
// the backend is at fault, since its client waits for a yes or no and every other 4xx is one.
func rule(t protocol.EventType, a *answer, readable bool) ruling {
	switch {
	case a.status == 0:
		return again
	case a.status >= 200 && a.status <= 299:
		if a.fault != "" || t == protocol.Connect && !readable {
			return again
		}
		return accepted
	case t == protocol.Connect && a.status >= 400 && a.status <= 499 && !a.unhandled():
		return refused
	case t == protocol.Connect && a.status >= 500, a.away(), a.status == http.StatusInternalServerError:
		return again
	}
	return final
}

// load is what the answer says of the backend's load.
func (a *answer) load() load {
	switch {
	case a.timeout:
		return late
	case a.status == http.StatusTooManyRequests, a.status == http.StatusServiceUnavailable, a.status == statusOverloaded:
		return overloaded
	case a.status >= 200 && a.status <= 499 && a.fault == "" && !a.unhandled():
		return eased
	}
	return unknown
}

// sign is what the answer to a job says of whether the backend is there. A
// connect's refusal is the application's own word. A batch that failed says nothing:
// its events are sent one by one.
func (a *answer) sign(j *job) sign {
	switch {
	case a.away() && j.ev == nil:
		return silent
	case a.unhandled():
		return missed
	case j.isConnect() && a.status >= 400 && a.status <= 499:
		return decided
	case a.away():
		return absent
	case a.status >= 200 && a.status <= 299 && a.fault == "":
		return well
	}
	return alive
}

// retryAfter is how long the answer asks to wait. Only an answer that turns the
// event down can.
func (a *answer) retryAfter(now time.Time) (time.Duration, bool) {
	if a.status >= 200 && a.status <= 299 {
		return 0, false
	}
	return retryAfter(a.header.Get("Retry-After"), now)
}

// backoff is retryablehttp's: how long to wait after try n, counted from 0. The
// response is the one that attempts gave it.
func backoff(_, _ time.Duration, n int, resp *http.Response) time.Duration {
	if resp != nil {
		if wait, ok := retryAfter(resp.Header.Get("Retry-After"), time.Now()); ok {
			return wait
		}
	}
	return jittered(shortestPause(n))
}

// shortestPause is the wait after try n without its jitter.
func shortestPause(n int) time.Duration { return firstPause << min(max(n, 0), quickTries) }

func jittered(d time.Duration) time.Duration { return d + rand.N(d/2) }
