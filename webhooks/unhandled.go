package webhooks

import (
	"net/http"
	"time"
)

const (
	// refuseHeader, with the value 1, is what a handler adds to a 404, 405 or 413 that it
	// means.
	refuseHeader = "Gatepost-Refuse"
	// unhandledAtMost is for how long a message or close is tried on that meets nothing
	// but unhandled answers: as long as a restart or a deployment takes, and no longer,
	// since it may be the handler's word after all.
	unhandledAtMost = 10 * time.Minute
)

// unhandled says that the answer is likely that of what stands before the handler: a
// proxy without a route while a container restarts, a server that takes no POST, or no
// body so large. The body proves nothing, as frameworks' own answers are JSON too. Only
// the header does.
func (a *answer) unhandled() bool {
	switch a.status {
	case http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusRequestEntityTooLarge:
		return a.header.Get(refuseHeader) != "1"
	}
	return false
}

// unhandledFor is for how long tries, a the last of them, have met nothing but
// unhandled answers. What lies between two processes isn't counted: nothing was tried then.
func (p *past) unhandledFor(a *answer) time.Duration {
	switch {
	case !a.unhandled():
		return 0
	case p.last == nil: // the first in this process
		return p.unhandled
	case !p.last.unhandled():
		return 0
	}
	return p.unhandled + a.at.Sub(p.last.at)
}
