package webhooks

import (
	"time"

	"gatepost/protocol"
)

// Letters keeps events that could not be delivered. It is what stands between a
// failed delivery and a lost event: the one in memory (memory.go) keeps them
// until the process ends; a durable one may try them again later.
//
// Its methods are called by many goroutines at once and must not call back. A
// Letter is never changed once it was handed over or out.
type Letters interface {
	// Keep takes over an event that is out of tries, or will never be taken. An
	// event that it has already keeps its place.
	Keep(l *Letter)
	// Retried adds the attempts of a replay that failed. Unknown ids are passed
	// over: the letter was dropped meanwhile.
	Retried(id string, attempts []Attempt)
	// Find gives the letter of an event.
	Find(id string) (*Letter, bool)
	// Page gives at most limit letters behind the key after (empty: from the
	// first), oldest first, and the key of the last one, empty where no more
	// follow.
	Page(after string, limit int) (page []*Letter, last string)
	// Drop forgets a letter; false: there was none.
	Drop(id string) bool
	// Count says how many it keeps for an endpoint.
	Count(endpoint string) int
}

// Letter is an event that could not be delivered.
type Letter struct {
	Event    *protocol.Event
	Bytes    int    // of the event's JSON
	Endpoint string // by name
	Reason   Reason
	Attempts []Attempt // the last ones, oldest first; empty if none was made
	DiedAt   time.Time
}

// Reason is why an event became a dead letter.
type Reason string

// The reasons.
const (
	Rejected  Reason = "rejected"  // answered with a status that no retry changes
	Exhausted Reason = "exhausted" // every quick try failed
	Expired   Reason = "expired"   // a message that waited longer than its time to live
	Stopped   Reason = "stopped"   // the process ends, or the caller gave up
)

// Attempt is one try that failed.
type Attempt struct {
	At     protocol.Time `json:"at"`
	Status int           `json:"status"` // 0: no answer
	Error  string        `json:"error"`  // in words, without anything secret
}

// maxAttempts is how many attempts a letter remembers.
const maxAttempts = 50

// lastAttempts is the end of a and b together.
func lastAttempts(a, b []Attempt) []Attempt {
	all := append(append(make([]Attempt, 0, len(a)+len(b)), a...), b...)
	return all[max(0, len(all)-maxAttempts):]
}
