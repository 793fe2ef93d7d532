package webhooks

import (
	"math/rand/v2"
	"slices"
	"time"

	"gatepost/protocol"
)

// What opens the breaker: so many attempts in a row that soon found the backend
// away, of so many clients, over so long; or any, of so many clients over longer
// still. That is for those that hang, which may be some clients' own trouble: once
// the first of them are over, others get their slots.
const (
	breakFailures = 10
	breakClients  = 3
	breakAfter    = time.Second
	breakLongest  = 10 * time.Second
)

// How an open breaker probes: one attempt at a time, the first after firstProbe,
// then after twice as long each time, at most mostProbe. That is what a backend
// that is back may have to wait until it is found out. A probe that hasn't come
// back for lateProbe holds up no other.
const (
	firstProbe = time.Second
	mostProbe  = 2 * time.Second
	lateProbe  = 2 * time.Second
)

// sign is what an attempt's end says of whether the backend is there.
type sign int

const (
	silent  sign = iota // nothing: no attempt, or one whose end says nothing
	absent              // it is away, or overrun
	missed              // the answer is unhandled: the handler may not have been reached
	alive               // it answered, though not well
	decided             // it turned a connect down: nothing that concerns what waits
	well                // it answered well
)

// breaker keeps attempts from a backend that is away, but for a trickle that
// finds out when it is back. It opens only where several clients' attempts fail
// and none succeeds, so that no client's own trouble opens it: a failure counts
// only if nothing has succeeded since its attempt began. An unhandled answer counts
// only where nothing has succeeded for longer: beside others that go well it is one
// route that is missing, or messages that are too large.
//
// It knows no clock, and no lock: turns has both.
type breaker struct {
	open     bool
	opened   chan struct{} // closed while it is open
	failures int           // in a row, those that came soon
	clients  []string      // of all in a row: the first few different ones
	first    time.Time     // when the first of these ended
	success  time.Time     // the last one

	probes int           // under way
	next   time.Time     // the next probe, not before
	pause  time.Duration // between probes
}

func newBreaker() breaker { return breaker{opened: make(chan struct{})} }

func (b *breaker) state() string {
	switch {
	case !b.open:
		return protocol.BreakerClosed
	case b.probes > 0:
		return protocol.BreakerHalfOpen
	}
	return protocol.BreakerOpen
}

// admits says whether an attempt may begin now.
func (b *breaker) admits(now time.Time) bool { return !b.open || !now.Before(b.next) }

// granted counts an attempt that begins, and says whether it is a probe.
func (b *breaker) granted(now time.Time) (probe bool) {
	if !b.open {
		return false
	}
	b.probes++
	b.next = now.Add(lateProbe)
	return true
}

// turn is a change of the breaker.
type turn int

const (
	unturned turn = iota
	hasOpened
	hasClosed
)

// ended takes in the end of an attempt that began at began.
func (b *breaker) ended(s sign, probe bool, client string, began, now time.Time) turn {
	if probe {
		b.probes--
		b.wait(s, now)
	}
	switch s {
	case well, decided:
		b.success = now
		return b.close()
	case alive:
		if !b.open {
			b.forget()
		}
	case missed:
		if now.Sub(b.success) > breakLongest {
			return b.failed(client, began, now)
		}
	case absent:
		return b.failed(client, began, now)
	}
	return unturned
}

// wait sets when the next probe may begin.
func (b *breaker) wait(s sign, now time.Time) {
	if s == silent { // it was none
		b.next = now
		return
	}
	b.next = now.Add(b.pause*3/4 + rand.N(b.pause/2))
	b.pause = min(2*b.pause, mostProbe)
}

func (b *breaker) failed(client string, began, now time.Time) turn {
	if b.open || !began.After(b.success) {
		return unturned
	}
	if len(b.clients) == 0 {
		b.first = now
	}
	if now.Sub(began) < breakAfter {
		b.failures++
	}
	if len(b.clients) < breakClients && !slices.Contains(b.clients, client) {
		b.clients = append(b.clients, client)
	}
	lasted := now.Sub(b.first)
	if len(b.clients) < breakClients || (b.failures < breakFailures || lasted < breakAfter) && lasted < breakLongest {
		return unturned
	}
	b.open = true
	b.pause = firstProbe
	b.next = now.Add(firstProbe*3/4 + rand.N(firstProbe/2))
	close(b.opened)
	b.forget()
	return hasOpened
}

func (b *breaker) close() turn {
	b.forget()
	if !b.open {
		return unturned
	}
	b.open = false
	b.opened = make(chan struct{})
	return hasClosed
}

// forget begins to count anew.
func (b *breaker) forget() { b.failures, b.clients = 0, b.clients[:0] }
