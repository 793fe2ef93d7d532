package ws

import (
	"math"
	"time"

	"golang.org/x/time/rate"

	"gatepost/protocol"
)

// throttledFor is how long a client may keep sending too fast without a break.
const throttledFor = 20 * time.Second

// waitStep is how long a wait goes on before it looks whether the client has
// gone meanwhile.
const waitStep = 200 * time.Millisecond

// bytesATurn is how many bytes that make no message take a message's turn: pongs
// and empty fragments are work too. Nobody is held to them who sends less than
// idleBytes between two messages.
const bytesATurn = 4 << 10

// idleBytes leaves room for the largest message in small fragments.
func idleBytes(maxMessage int) int { return 2*maxMessage + 64<<10 }

// pace holds a client to its rate by not reading from it.
type pace struct {
	limit *rate.Limiter // nil: none
	since time.Time     // when the present throttling began; zero: the client isn't throttled
}

// newPace allows so many messages a second, and bursts of twice that.
func newPace(perSecond float64) pace {
	if perSecond <= 0 {
		return pace{}
	}
	burst := int(math.Ceil(min(2*perSecond, math.MaxInt32)))
	return pace{limit: rate.NewLimiter(rate.Limit(perSecond), burst)}
}

// patienceAt is how long throttling may last at this rate: throttledFor, but
// where the rate is low at least a few messages' time, so that one message too
// many is not abuse.
func patienceAt(perSecond float64) time.Duration {
	if perSecond <= 0 || perSecond >= 1 {
		return throttledFor
	}
	return max(throttledFor, time.Duration(4/perSecond*float64(time.Second)))
}

// next is how long the next message has to wait. patient is false when it has
// been too long without a break already.
func (p *pace) next(now time.Time, patience time.Duration) (wait time.Duration, patient bool) {
	if p.limit == nil {
		return 0, true
	}
	wait = p.limit.ReserveN(now, 1).DelayFrom(now)
	switch {
	case wait == 0:
		p.since = time.Time{}
	case p.since.IsZero():
		p.since = now
	}
	return wait, wait == 0 || now.Add(wait).Sub(p.since) <= patience
}

// waitTurn waits until the client may have sent this. false: the client's end has
// begun, for it sent too much for too long or for another reason.
func (p *peer) waitTurn() bool {
	now := time.Now()
	wait, patient := p.pace.next(now, p.h.patience)
	if wait == 0 {
		return true
	}
	p.h.metrics.throttled.Inc()
	if !patient {
		p.refuse(protocol.ClosePolicy, "too many messages for too long")
		return false
	}
	for end := now.Add(wait); wait > 0 && !p.client.Closing(); wait = time.Until(end) {
		time.Sleep(min(wait, waitStep))
	}
	return !p.client.Closing()
}

// meter counts bytes that were read and waits where too many of them made no
// message.
func (p *peer) meter(n int) {
	p.idle += n
	if p.idle <= p.h.idleBytes || p.client.Closing() {
		return
	}
	p.client.PauseReading()
	defer p.client.ResumeReading()
	for p.idle > p.h.idleBytes && p.waitTurn() {
		p.idle -= bytesATurn
	}
}
