package webhooks

import (
	"slices"
	"time"

	"gatepost/protocol"
)

// letter is an event that could not be delivered. It is never changed once
// others can see it.
type letter struct {
	event    *protocol.Event // without its contents, which body has
	body     []byte          // the event's JSON as it was sent
	trace    string
	endpoint string // by name
	reason   Reason
	attempts []Attempt // the last ones, oldest first; empty if none was made
	diedAt   time.Time
	cut      bool // body is only the event's envelope: the whole was too large to be kept
}

// Reason is why an event became a dead letter.
type Reason string

// The reasons.
const (
	Rejected  Reason = "rejected"  // answered with a status that no retry changes
	Exhausted Reason = "exhausted" // every try failed
	Expired   Reason = "expired"   // a message that waited longer than its time to live
	Stopped   Reason = "stopped"   // the process ends, or the caller gave up
	Lost      Reason = "lost"      // a message whose record in the outbox went with a part of the store
	Unwanted  Reason = "unwanted"  // it was kept for an endpoint that isn't configured any more
)

// Attempt is one try that failed.
type Attempt struct {
	At     protocol.Time `json:"at"`
	Status int           `json:"status"` // 0: no answer
	Error  string        `json:"error"`  // in words, without anything secret
	// Answer is how the answer's body begins. It is shown only where one letter
	// was asked for.
	Answer string `json:"answer,omitempty"`
}

const (
	// maxAttempts is how many attempts a letter remembers.
	maxAttempts = 50
	// maxAnswerBytes is how much of an answer it remembers.
	maxAnswerBytes = 1 << 10
)

// withoutAnswers is the attempts but for what was answered.
func withoutAnswers(attempts []Attempt) []Attempt {
	bare := slices.Clone(attempts)
	for i := range bare {
		bare[i].Answer = ""
	}
	return bare
}

// lastAttempts is the end of a and b together.
func lastAttempts(a, b []Attempt) []Attempt {
	all := append(append(make([]Attempt, 0, len(a)+len(b)), a...), b...)
	return all[max(0, len(all)-maxAttempts):]
}
