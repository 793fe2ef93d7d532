// Package webhooks takes events to backends and brings their replies back.
//
// It owns the endpoints: which of them gets an event, how many attempts each may
// have under way, in which order those that wait get their turn, how an attempt
// is signed, judged and tried again, and what becomes of an event that no try
// brought home. It is the only user of hashicorp/go-retryablehttp.
//
// It promises:
//   - An event is sent with the same id and the same bytes on every attempt,
//     signed anew each time, and never to an address that the configuration
//     doesn't name: no redirect is followed and no proxy of the environment used.
//   - Every attempt ends within its endpoint's timeout, body included, and no
//     reply over 1 MiB is read. A connect is decided within one such timeout, all
//     its tries together.
//   - An attempt that has begun is finished, whoever loses interest meanwhile,
//     since the backend may be acting on it.
//   - No class of events, address or user can keep the others from an endpoint's
//     slots, and retries hold at most a quarter of them (see slots.go).
//   - A message or close that finds the backend away waits in the outbox for later
//     tries (schedule.go), on record where there is a Keeper: it goes on after a
//     restart where it was. One success makes all that waits at an endpoint due.
//   - A backend that is away is only probed (breaker.go), and one client's trouble is
//     never taken for that.
//   - A message or close that can't be delivered becomes a dead letter, counted and
//     logged. Each event ends once, delivered or dead; nothing vanishes in silence.
//   - No log line, error or dead letter shows a credential, a query string or a
//     cookie. Of what a backend said a log line shows 200 bytes at most, and a dead
//     letter the first KiB.
//
// The order of one client's events is the caller's: it calls Deliver for one at
// a time.
//
// # An event's way
//
// Deliver finds the endpoint (route.go), which makes a job of the event and takes it to
// its end; job.go draws a job's life, and says what it is made of. settle (settle.go) does
// the quick tries in a run (run.go) and puts what is left into the outbox (outbox.go), for
// those of schedule.go. Each attempt waits for a slot (taking.go), or travels in a batch
// (batch.go); it is one round trip (attempts.go, courier.go), and is ruled upon
// (policy.go; unhandled.go says which answers may not be the handler's). outcome.go says
// how the job has ended, or makes a dead letter of it.
//
// # Who gets the next slot
//
// A job that waits for a slot has a seat in its endpoint's turns. From the outside in:
//
//   - turns.go has the lock, the clocks and the goroutines that wait. What stands
//     below knows none of these, and is told the time.
//   - breaker.go says whether attempts may begin at all, and limit.go how many at
//     once.
//   - slots.go shares these between the classes (connects, messages, closes), the
//     kinds of attempts, addresses and users. The rules stand at its head.
//   - trust.go keeps clients whose messages hang from holding the slots of others.
//     learning.go and standing.go remember which clients these are; pace.go gives out
//     what is scarce so slowly that it never runs out.
//   - queue.go says who of a class and kind is next, so that no address and no user
//     crowds others out. It is made of lanes (lane.go), heaps (ranking.go) and lists
//     in the order of coming (chain.go).
//   - gathering.go holds slots back for a moment where batches are allowed, so that
//     they leave full.
package webhooks
