package webhooks

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

// endpoint delivers events to one URL.
type endpoint struct {
	Endpoint
	courier     *courier
	client      *retryablehttp.Client
	turns       *turns
	letters     *letters
	outbox      *outbox       // nil: nothing is kept
	lease       *lease        // nil: attempts may always begin
	waitingRoom *waitingRoom  // where what is in the outbox waits
	replay      chan struct{} // a token for each client that is replayed now
	ttl         time.Duration

	life     context.Context // ends when attempts are to be cut off
	stopping context.Context // ends when nothing new is to be begun

	seen      *seen
	log       *slog.Logger
	failing   *quiet // attempts that failed
	refusing  *quiet // connects that the backend refused
	dying     *quiet // events that became dead letters
	garbled   *quiet // replies that can't be read
	strange   *quiet // replies with fields that mean nothing
	delivered atomic.Uint64
	failed    atomic.Uint64 // attempts
}

// expiry is the end of a message's time to live; ok is false where there is none: an event
// that was never tried is tried once, however old it is.
func (e *endpoint) expiry(j *job) (at time.Time, ok bool) {
	if !j.terms.perishes || j.past.attempt() == 0 {
		return time.Time{}, false
	}
	return j.born().Add(e.ttl + 1), true
}

// tooOld says whether a message is past its time to live.
func (e *endpoint) tooOld(j *job) bool {
	at, ok := e.expiry(j)
	return ok && !time.Now().Before(at)
}

func (e *endpoint) close() {
	e.courier.transport.CloseIdleConnections()
	e.turns.close()
	for _, q := range []*quiet{e.failing, e.refusing, e.dying, e.garbled, e.strange} {
		q.close()
	}
}
