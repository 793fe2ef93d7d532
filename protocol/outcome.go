package protocol

// Verdict is how the delivery of an event ended.
type Verdict int

// The verdicts.
const (
	// Delivered: a 2xx. The reply may still be empty because it couldn't be read.
	Delivered Verdict = iota
	// Refused: a connect that the backend answered with a 4xx.
	Refused
	// Unavailable: a connect without an acceptable answer; the client gets 503.
	Unavailable
	// Dead: a message or close that became a dead letter.
	Dead
	// Aborted: the delivery was given up before it was decided, since the client
	// left or the process ends.
	Aborted
	// Kept: the delivery was given up before it was decided, and the event is in
	// the outbox: it goes on after a restart.
	Kept
	// Discarded: the delivery was given up before it was decided, since the client was
	// closed and its messages dropped. The event is on no record any more.
	Discarded
)

// Outcome is what became of an event.
type Outcome struct {
	Verdict Verdict
	Reply   *Reply // of a Delivered; never nil there
	// Status and Text are the backend's answer to a Refused: the status, and at
	// most MaxRefusalBytes of text.
	Status int
	Text   string
	// OwesClose says of a connect that the backend may have accepted it: bytes of
	// an attempt were written, and not every written attempt was answered 4xx.
	OwesClose bool
	// Done takes a delivered event off the record, nil where it is on none. It is
	// for the caller, once all is done that the reply asks for: a process that dies
	// before has the event delivered again, and with it the reply.
	Done func()
}

// Finish calls Done, if there is one.
func (o Outcome) Finish() {
	if o.Done != nil {
		o.Done()
	}
}
