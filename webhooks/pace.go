package webhooks

import "time"

const (
	// paceBurst is how many slots may be given out ahead of the pace, to events that
	// have just come.
	paceBurst = 4
	// justCome is how long an event counts as such.
	justCome = time.Second
)

// pace gives out slots that are scarce so that they never run out: where each may
// be held for a whole time-out, one in a step of the time-out divided by the slots
// that are left. A slot that comes back sooner is given out again at once.
type pace struct{ next time.Time }

// admits says whether a slot may be given to an event that has waited so long.
// One that waits for long leaves the burst to others.
func (p *pace) admits(step, waited time.Duration, now time.Time) bool {
	if waited < justCome {
		now = now.Add((paceBurst - 1) * step)
	}
	return !p.next.After(now)
}

func (p *pace) spend(step time.Duration, now time.Time) {
	if p.next.Before(now) {
		p.next = now
	}
	p.next = p.next.Add(step)
}

func (p *pace) refund(step time.Duration) { p.next = p.next.Add(-step) }
