package webhooks

import "time"

const (
	// firstLimit is where an endpoint's limit begins, if it may be so high.
	firstLimit = 8
	// lowerAtMost is the least time between two lowerings: however short the round
	// trip, one burst of refusals is one sign of overload.
	lowerAtMost = 100 * time.Millisecond
	// stretchEvery is how often the limit grows by one while events wait and
	// nothing comes back, so that hung attempts don't hold everyone up.
	stretchEvery = 100 * time.Millisecond
	// leastLate is how far attempts without an answer lower the limit. They may be
	// one client's alone, and from four slots on one client can't hold them all.
	leastLate = 4
	// forgivenFor is how many good answers make up for one 429 or 503: so few may be
	// the backend's word on one client. Only the last maxForgiven of those count.
	forgivenFor = 20
	maxForgiven = 5 * forgivenFor
)

// load is what an attempt's end says of the backend.
type load int

const (
	eased      load = iota // it answered well
	unknown                // it failed in a way that says nothing of load
	late                   // no answer in time
	overloaded             // 429, 503, 529
)

// limit is how many attempts an endpoint may have under way, found by trying:
// additive increase, multiplicative decrease. It knows no clock; times are
// handed in.
type limit struct {
	value, most int
	timeout     time.Duration // of an attempt; for so long after an overload nothing is stretched
	credit      int           // good answers since the last raise
	good        int           // good answers that haven't made up for another yet
	lowered     time.Time
	overload    time.Time
	stretched   time.Time
	recovering  bool // after an outage, until an overload
}

func newLimit(most int, timeout time.Duration) limit {
	return limit{value: min(firstLimit, most), most: most, timeout: timeout}
}

// ended takes in the end of an attempt that began at began. wanted: somebody is
// waiting, so that the limit is what slows them.
func (l *limit) ended(how load, wanted bool, began, now time.Time) {
	if how == eased {
		l.good = min(l.good+1, maxForgiven)
	}
	switch {
	case how == overloaded && l.good >= forgivenFor:
		l.good -= forgivenFor
	case how == late && l.value <= leastLate: // so low it may be stretched around what hangs
	case how == late:
		l.lower(leastLate, began, now)
	case how == overloaded:
		l.lower(1, began, now)
	case how == eased && wanted && l.value < l.most:
		// One more for each round of good answers, as TCP does; after an outage one
		// more for each good answer, which doubles it in a round.
		if l.credit++; l.credit >= l.value || l.recovering {
			l.value++
			l.credit = 0
		}
	}
}

// recover lets the limit grow fast: the backend is back after an outage, which
// has lowered the limit for reasons that are over.
func (l *limit) recover() { l.recovering = true }

// lower cuts the limit by 0.7, not below least, once in a round trip: attempts
// that had begun before the last cut tell of the load before it.
func (l *limit) lower(least int, began, now time.Time) {
	l.overload = now
	l.credit = 0
	l.recovering = false
	if !began.After(l.lowered) || now.Sub(l.lowered) < lowerAtMost {
		return
	}
	l.lowered = now
	l.value = max(least, l.value*7/10)
}

// stretch raises the limit by one where somebody waits and no overload was seen
// of late.
func (l *limit) stretch(wanted bool, now time.Time) {
	if wanted && l.value < l.most && now.Sub(l.overload) >= l.timeout && now.Sub(l.stretched) >= stretchEvery {
		l.stretched = now
		l.value++
	}
}
