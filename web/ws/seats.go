package ws

import (
	"log/slog"
	"net/http"
	"net/netip"
	"strconv"
	"sync"

	"gatepost/protocol"
)

// seats counts the connections of this node, from before the backend is asked
// until the socket is closed.
type seats struct {
	max, maxPerIP int // 0: no limit

	mu    sync.Mutex // guards what follows
	taken int
	perIP map[netip.Prefix]int // only what is above zero

	// Of these, the connections that aren't the HTTP server's any more.
	open      int
	openPerIP map[netip.Prefix]int // as perIP
}

func newSeats(limit, perIP int) *seats {
	return &seats{max: limit, maxPerIP: perIP, perIP: make(map[netip.Prefix]int), openPerIP: make(map[netip.Prefix]int)}
}

// seat is one taken place. Its zero value is none.
type seat struct {
	of   *seats
	from netip.Prefix
	open bool // its connection isn't the HTTP server's any more
}

// take reserves a place for a client of this address; full says which limit
// leaves none. Addresses that couldn't be read count as one.
func (s *seats) take(addr netip.Addr) (taken seat, full *refusal) {
	from := protocol.Subscriber(addr)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.max > 0 && s.taken >= s.max {
		return seat{}, noRoom("this node has no room for another connection", "GATEPOST_MAX_CONNECTIONS", s.max)
	}
	if s.maxPerIP > 0 && s.perIP[from] >= s.maxPerIP {
		full := noRoom("there are too many connections from this address", "GATEPOST_MAX_CONNECTIONS_PER_IP", s.maxPerIP)
		full.sent = slog.String("address", from.String())
		return seat{}, full
	}
	s.taken++
	if s.maxPerIP > 0 {
		s.perIP[from]++
	}
	return seat{of: s, from: from}, nil
}

func noRoom(text, setting string, limit int) *refusal {
	rf := refuseWith(forLimit, http.StatusServiceUnavailable, text)
	rf.allowed, rf.setting, rf.RetryAfter = strconv.Itoa(limit), setting, retryFull
	return rf
}

// opened says that the connection is the HTTP server's no more.
func (t *seat) opened() {
	s := t.of
	t.open = true
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open++
	if s.maxPerIP > 0 {
		s.openPerIP[t.from]++
	}
}

// count is how many connections aren't the HTTP server's any more: of all, and, where
// there is a limit for one address, of this one.
func (s *seats) count(from netip.Prefix) (all, same int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open, s.openPerIP[from]
}

// release gives the place back, once.
func (t *seat) release() {
	s := t.of
	if s == nil {
		return
	}
	t.of = nil
	s.mu.Lock()
	defer s.mu.Unlock()
	s.taken--
	if t.open {
		s.open--
	}
	if s.maxPerIP > 0 {
		less(s.perIP, t.from)
		if t.open {
			less(s.openPerIP, t.from)
		}
	}
}

func less(counts map[netip.Prefix]int, of netip.Prefix) {
	if counts[of]--; counts[of] == 0 {
		delete(counts, of)
	}
}
