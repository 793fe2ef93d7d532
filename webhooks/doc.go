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
package webhooks
