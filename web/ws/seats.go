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

	mu    sync.Mutex
	taken int                  // guarded by mu
	perIP map[netip.Prefix]int // guarded by mu; only what is above zero
}

func newSeats(limit, perIP int) *seats {
	return &seats{max: limit, maxPerIP: perIP, perIP: make(map[netip.Prefix]int)}
}

// seat is one taken place. Its zero value is none.
type seat struct {
	of   *seats
	from netip.Prefix
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
	return seat{s, from}, nil
}

func noRoom(text, setting string, limit int) *refusal {
	rf := refuseWith(forLimit, http.StatusServiceUnavailable, text)
	rf.allowed, rf.setting, rf.RetryAfter = strconv.Itoa(limit), setting, retryFull
	return rf
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
	if s.maxPerIP > 0 {
		if s.perIP[t.from]--; s.perIP[t.from] == 0 {
			delete(s.perIP, t.from)
		}
	}
}
