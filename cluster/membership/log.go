package membership

// Log is the side of a stream's writer: one batch in flight, each under the sequence
// that is expected to be the last, with a token of its own. It decides what became of a
// batch whose answer is unknown, and when the writer is over.
type Log struct {
	last  uint64
	token string
}

// Outcome is what to do next with a batch.
type Outcome int

// The outcomes.
const (
	Appended Outcome = iota // it is in the stream
	Again                   // append it once more, under the same token
	AskTail                 // read what is behind Last, from any replica
	Fenced                  // a claimant has fenced the stream: this writer is over
	Lost                    // the stream is gone, or ends before Last: see Restart
)

// Mark says which batch a message ends; those within one have none. A fence, a
// claimant's or the own last one, has a token too.
type Mark struct {
	Sequence uint64
	Token    string
	Fence    bool
}

// Last is the expected last sequence of the next append.
func (l *Log) Last() uint64 { return l.last }

// Append begins a batch: it is to be appended if the last sequence is the one returned.
func (l *Log) Append(token string) (expected uint64) {
	l.token = token
	return l.last
}

// Answer takes the answer to an append.
func (l *Log) Answer(a Answer) Outcome {
	switch {
	case a.Result == OK:
		l.last = a.Revision
		return Appended
	case a.Result == Missing, a.Result == Conflict && a.Known && a.Revision < l.last:
		return Lost
	}
	return AskTail
}

// Tail takes what some replica has behind Last. A lagging one has nothing: then the
// batch is appended again, which can't put it in twice.
func (l *Log) Tail(marks []Mark) Outcome {
	for _, m := range marks {
		switch {
		case m.Token == l.token:
			l.last = m.Sequence
			return Appended
		case m.Fence:
			return Fenced
		case m.Token != "":
			l.last = m.Sequence // an own batch of before a restart, that came late
		}
	}
	return Again
}

// Restart goes on behind last, with a stream that was made anew or is shorter than it
// was. To be called only with a valid lease, by which the stream is still this writer's;
// all records that live are to be written again before anything else.
func (l *Log) Restart(last uint64) { l.last, l.token = last, "" }
