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
//   - A message or close that can't be delivered is handed to Letters, counted
//     and logged; nothing vanishes in silence.
//   - No log line, error or dead letter shows a credential, a query string, a
//     cookie, or more than 200 bytes of what a backend said.
//
// The order of one client's events is the caller's: it calls Deliver for one at
// a time.
package webhooks
