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

// breakFor is how long a client that is held back has to send nothing, so that
// throttledFor begins anew.
const breakFor = time.Second

// pace holds a client to its rate by not reading from it.
type pace struct {
	limit *rate.Limiter // nil: none
	// held is how long the client was held back of late, less what it waited itself since
	// then. What the node is late by, or was busy with, is no break of the client's.
	held time.Duration
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

// next is how long the next turns, a burst's at most, have to wait. patient is false
// when it has been too long without a break already.
func (p *pace) next(now time.Time, turns int, patience time.Duration) (wait time.Duration, patient bool) {
	wait = p.limit.ReserveN(now, turns).DelayFrom(now)
	return wait, wait == 0 || p.held+wait <= patience
}

// rested says that the client has sent nothing for so long although it was read from.
func (p *pace) rested(d time.Duration) {
	if d >= breakFor {
		d = p.held
	}
	p.held = max(p.held-d, 0)
}

// waitTurns waits until the client may have sent so many frames. false: the client's end
// has begun, for it sent too much for too long or for another reason.
func (p *peer) waitTurns(frames int) bool {
	if p.pace.limit == nil {
		return true
	}
	for frames > 0 {
		turns := min(frames, p.pace.limit.Burst())
		if !p.waitTurnsAtOnce(turns) {
			return false
		}
		frames -= turns
	}
	return true
}

// waitTurnsAtOnce is waitTurns for a burst at most.
func (p *peer) waitTurnsAtOnce(turns int) bool {
	now := time.Now()
	wait, patient := p.pace.next(now, turns, p.h.patience)
	if wait == 0 {
		return true
	}
	p.h.metrics.throttled.Add(float64(turns))
	if !patient {
		p.refuse(protocol.ClosePolicy, "too many messages for too long")
		return false
	}
	for end := now.Add(wait); wait > 0 && !p.client.Closing(); wait = time.Until(end) {
		time.Sleep(min(wait, waitStep))
	}
	p.pace.held += time.Since(now)
	return !p.client.Closing()
}

// meter waits for the turns of the frames that were read and make no message, but not of
// pongs that the client owes.
func (p *peer) meter() {
	frames := p.framing.fragments + p.framing.pongs
	if frames == 0 {
		return
	}
	for ; p.framing.pongs > 0 && p.client.TakePong(); p.framing.pongs-- {
		frames--
	}
	p.framing.fragments, p.framing.pongs = 0, 0
	if frames == 0 || p.client.Closing() {
		return
	}
	p.client.PauseReading()
	defer p.client.ResumeReading()
	p.waitTurns(frames)
}
