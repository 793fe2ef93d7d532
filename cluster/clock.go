package cluster

import "time"

// moment is a point in time on two clocks: one that runs from the machine's
// start and goes on while it sleeps, and the wall's.
type moment struct{ boot, wall time.Duration }

// age is how long ago then was: the larger of what the two clocks say, since the
// holder of a lease must not trust a clock that stood still.
func (now moment) age(then moment) time.Duration {
	return max(now.boot-then.boot, now.wall-then.wall)
}

// waited is how long ago then was for one who waits for another's lease to end:
// the wall clock, which others may set, doesn't count.
func (now moment) waited(then moment) time.Duration { return now.boot - then.boot }

func (now moment) zero() bool { return now == moment{} }

var started = time.Now()

// sinceStart is this process's time, where the system has no clock that counts its
// sleep; the wall clock makes up for that. No moment of it is the zero one.
func sinceStart() time.Duration { return time.Since(started) + time.Hour }

// present reads both clocks.
func present() moment {
	return moment{boot: sinceBoot(), wall: time.Duration(time.Now().UnixNano())}
}
