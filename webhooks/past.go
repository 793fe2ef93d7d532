package webhooks

import (
	"time"

	"gatepost/protocol"
)

// past is the attempts at a job so far, and what came of them.
type past struct {
	earlier int             // attempts that were made in earlier deliveries
	tries   int             // attempts that were made in this one
	last    *answer         // nil: there was none in this one
	reply   *protocol.Reply // where that is accepted
	ruling  ruling          // of last
	owes    bool            // see protocol.Outcome.OwesClose
	failed  []Attempt       // the last of them, oldest first

	unhandled time.Duration // see unhandledFor
}

// attempt is the number of the attempt under way, or of the last one.
func (p *past) attempt() int { return p.earlier + p.tries }

// ended takes an attempt's answer in.
func (p *past) ended(a *answer, r ruling) {
	p.unhandled = p.unhandledFor(a)
	if r == again && p.unhandled >= unhandledAtMost {
		r = final
	}
	p.last, p.ruling = a, r
	p.owes = p.owes || a.owes()
	if r != accepted {
		p.fail(Attempt{At: protocol.Time{Time: a.at}, Status: a.status, Error: a.fault, Answer: p.text(a)})
	}
}

// text is what a letter shows of an attempt's answer. A backend mostly repeats
// itself: one string serves all.
func (p *past) text(a *answer) string {
	text := protocol.Clip(a.body, maxAnswerBytes)
	if n := len(p.failed); n > 0 && p.failed[n-1].Answer == text {
		return p.failed[n-1].Answer
	}
	return text
}

// missed notes, once in a row, that the backend was not even tried.
func (p *past) missed(now time.Time) {
	if n := len(p.failed); n == 0 || p.failed[n-1].Error != errAway.Error() {
		p.fail(Attempt{At: protocol.Time{Time: now}, Error: errAway.Error()})
	}
}

func (p *past) fail(a Attempt) { p.failed = lastAttempts(p.failed, []Attempt{a}) }

// uncount takes in that the fence's fall has overtaken an attempt. That says nothing of
// the backend, and costs the event none of its tries.
func (p *past) uncount(a *answer) {
	p.tries--
	if a.written {
		p.earlier++ // the backend may have seen its number
		p.owes = true
	}
}
