package membership

import "time"

// Timing holds the protocol's durations, all on the boot clock of the one who waits.
type Timing struct {
	Renew   time.Duration // between two renewals
	Retry   time.Duration // before a write is tried again that wasn't acknowledged
	Lease   time.Duration // from the sending of an acknowledged renewal
	Silence time.Duration // without a new revision, before an incarnation is claimed
	Gap     time.Duration // without an acknowledged renewal, after which silence counts anew
	Return  time.Duration // after a loss of the bucket, before who had no lease comes back
	Rank    time.Duration // between two candidates for what anybody may claim at once
	Memory  time.Duration // for which claims are remembered and finished keys kept
}

// DefaultTiming is what nodes use: an election of NATS takes up to 9 s, which a lease must outlast. The
// two seconds from Lease to Silence are for clocks of unequal speed and for requests
// that were written just before. The rest to 20 s is for fencing, reading and telling.
var DefaultTiming = Timing{
	Renew: time.Second, Retry: 250 * time.Millisecond, Lease: 11 * time.Second, Silence: 13 * time.Second,
	Gap: 3 * time.Second, Return: 13 * time.Second, Rank: 500 * time.Millisecond, Memory: time.Hour,
}
