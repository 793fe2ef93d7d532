package webhooks

import "time"

// gatherFor is the longest that an event waits while others are under way, though a
// slot is free for it.
const gatherFor = 2 * time.Millisecond

// What travels in another's slot: first attempts at messages and closes, of clients
// that aren't known to hang.
var (
	ridingClasses = [...]class{messages, closes}
	ridingKinds   = [...]kind{firstTry, newcomer}
)

func (k kind) rides() bool { return k == firstTry || k == newcomer }

// gathering is of what waits to leave in batches. A slot for each event that comes would
// have them leave one by one, however many slots there are to be had, and each POST
// costs as much as the handling of several events. So, where batches are allowed, a
// further slot is taken by a full batch only, or once the first of those that wait
// has done so for gatherFor, and never for those whom the holder of a slot is about to
// take along: after a moment without a processor all have waited enough. As soon as
// nothing is under way all that wait go, and what comes then goes at once, alone.
type gathering struct {
	batch   int // the most events in a batch
	leaders int // slots granted whose holders haven't gathered others yet
}

// crowdSize is how many wait that might travel in another's slot.
func (s *slots) crowdSize() (n int) {
	for _, c := range ridingClasses {
		for _, k := range ridingKinds {
			n += s.queue[c].arrived[k].length
		}
	}
	return n
}

// waits says whether events of a class that could travel in batches take no further
// slot now. What hangs isn't waited for.
func (s *slots) waits(c class, now time.Time) bool {
	if c == connects || s.crowd.batch <= 1 || s.held <= s.slow {
		return false
	}
	left := s.crowdSize() - s.crowd.leaders*(s.crowd.batch-1)
	return left <= 0 || left < s.crowd.batch && now.Before(s.crowdUntil())
}

// crowdUntil is when the first of those that wait has waited enough; the zero time
// where none does.
func (s *slots) crowdUntil() (first time.Time) {
	for _, c := range ridingClasses {
		for _, k := range ridingKinds {
			if w := s.queue[c].arrived[k].oldest; w != nil && (first.IsZero() || w.since.Before(first)) {
				first = w.since
			}
		}
	}
	if first.IsZero() {
		return first
	}
	return first.Add(gatherFor)
}

// lead counts who got a slot and is to gather others.
func (s *slots) lead(w *waiter) {
	if s.crowd.batch > 1 && w.class != connects && w.kind.rides() {
		w.leads = true
		s.crowd.leaders++
	}
}

// led counts who has gathered others, or won't.
func (s *slots) led(w *waiter) {
	if w.leads {
		w.leads = false
		s.crowd.leaders--
	}
}
