package http1

import (
	"cmp"
	"maps"
	"math"
	"net/netip"
	"slices"
	"time"
)

// Limits bound how many connections there may be at once. Where there would be more, the
// longest idle are closed: first those that have carried no request that was answered below
// 400, and those of trusted peers last. Idle is who is waited for: nothing, or only a part of
// a request has come, or an answer isn't taken. Its zero value bounds nothing.
type Limits struct {
	// Total is the most connections; 0: no limit. If one address has more than half of them,
	// its own go first. One more, while none is idle, is closed at once.
	Total int
	// PerAddress is the most connections from one address; 0: no limit. One more, while
	// none of these is idle, carries one request, so that its peer can be told.
	PerAddress int
	// Young is for how long a connection isn't idle yet: what came with it may not have been
	// read. For so long there may be more from one address, and at Total nobody is let in.
	Young time.Duration
	// Address is what a peer counts as, and whether it is a trusted one, which isn't
	// counted by its address. nil: all are trusted.
	Address func(netip.Addr) (address netip.Prefix, trusted bool)
	// Hijacked is how many hijacked connections are open, which count too: of all, and of
	// one address. Neither it nor Address may call the server. nil: none.
	Hijacked func(address netip.Prefix) (all, same int)
	// Dropped is told of connections that are closed for these limits; nil: nobody is.
	Dropped func(Drop)
}

// Drop is what connections that came have cost.
type Drop struct {
	Address netip.Prefix // of who came
	Total   bool         // for Limits.Total, not for one address
	Idle    int          // connections that were closed for it
	Refused bool         // it was closed itself
}

// batch is the part of the idle connections that are closed at once: to look for the
// longest idle among many is much to do for each that comes.
const batch = 64

// addressOf is what the peer of a connection counts as.
func (l *Limits) addressOf(c *conn) (address netip.Prefix, trusted bool) {
	peer, ok := c.raw.RemoteAddr().(interface{ AddrPort() netip.AddrPort })
	if l.Address == nil || !ok {
		return netip.Prefix{}, true
	}
	return l.Address(peer.AddrPort().Addr())
}

// spare is how many connections beyond PerAddress one address may have while all of its are
// young.
func (l *Limits) spare() int { return l.PerAddress + 64 }

// dropped tells of what was closed.
func (l *Limits) dropped(d Drop) {
	if l.Dropped != nil && (d.Idle > 0 || d.Refused) {
		l.Dropped(d)
	}
}

// hijacked needs s.mu.
func (s *Server) hijacked(address netip.Prefix) (all, same int) {
	if s.cfg.Limits.Hijacked == nil {
		return 0, 0
	}
	return s.cfg.Limits.Hijacked(address)
}

// makeRoomOfAddress has room for one connection more among those of its address, and says
// how many were closed. It needs s.mu.
func (s *Server) makeRoomOfAddress(c *conn) (closed int) {
	l := &s.cfg.Limits
	if c.trusted || l.PerAddress == 0 {
		return 0
	}
	own := s.byAddress[c.address]
	_, same := s.hijacked(c.address)
	over := len(own) + same + 1 - l.PerAddress
	if over <= 0 {
		return 0
	}
	closed, _ = s.closeIdle(own, over, l.Young)
	if more := over - closed - l.spare(); more > 0 {
		others, _ := s.closeIdle(s.byAddress[c.address], more, 0)
		closed += others
	}
	if c.over = over > closed; c.over && l.Young > 0 {
		s.trimLater(c.address)
	}
	return closed
}

// trimLater closes what is too much of an address once it isn't young any more. It needs
// s.mu.
func (s *Server) trimLater(address netip.Prefix) {
	if _, due := s.trimming[address]; due {
		return
	}
	s.trimming[address] = struct{}{}
	time.AfterFunc(s.cfg.Limits.Young, func() {
		s.cfg.Limits.dropped(Drop{Address: address, Idle: s.trim(address)})
	})
}

func (s *Server) trim(address netip.Prefix) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.trimming, address)
	_, same := s.hijacked(address)
	over := len(s.byAddress[address]) + same - s.cfg.Limits.PerAddress
	if over <= 0 {
		return 0
	}
	closed, spared := s.closeIdle(s.byAddress[address], over, s.cfg.Limits.Young)
	if over > closed && spared > 0 {
		s.trimLater(address)
	}
	return closed
}

// makeRoom has room for one connection more among all, and says how many were closed, and
// whether there is room then. Those that are younger aren't closed. It needs s.mu.
func (s *Server) makeRoom(c *conn, young time.Duration) (dropped int, room bool) {
	if s.cfg.Limits.Total == 0 {
		return 0, true
	}
	all, _ := s.hijacked(c.address)
	over := len(s.conns) - s.leaving + all + 1 - s.cfg.Limits.Total
	if over <= 0 {
		return 0, true
	}
	closed, spared := s.closeIdle(s.heaviest(), over, young)
	if closed < over && spared == 0 {
		others, _ := s.closeIdle(slices.Collect(maps.Keys(s.conns)), over-closed, young)
		closed += others
	}
	return closed, closed >= over
}

// heaviest are the connections of the address that has more than half of what isn't
// trusted; nil: there is none. It needs s.mu.
func (s *Server) heaviest() (most []*conn) {
	sum := 0
	for _, own := range s.byAddress {
		sum += len(own)
		if len(own) > len(most) {
			most = own
		}
	}
	if 2*len(most) <= sum {
		return nil
	}
	return most
}

// closeIdle closes the longest idle of these connections: n, and if they are many some
// more, but none that is younger. A few that are to go after many younger ones aren't closed
// either. It says how many those were, and how many it spared as too young. It needs s.mu.
func (s *Server) closeIdle(among []*conn, n int, young time.Duration) (closed, spared int) {
	type idle struct {
		*conn
		rank  int
		since time.Duration
	}
	var all []idle
	last := math.MaxInt // the lowest rank of one that is younger
	before := time.Since(s.begun) - young
	for _, c := range among {
		if !c.mayClose() {
			continue
		}
		if since := time.Duration(c.since.Load()); since <= before {
			all = append(all, idle{c, c.rank(), since})
		} else {
			spared++
			last = min(last, c.rank())
		}
	}
	slices.SortFunc(all, func(a, b idle) int { return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(a.since, b.since)) })
	if i := slices.IndexFunc(all, func(c idle) bool { return c.rank > last }); i >= 0 && len(all)-i < spared {
		all = all[:i]
	}
	for _, c := range all[:min(len(all), max(n, len(all)/batch))] {
		if c.closeIfIdle() {
			s.forget(c.conn)
			c.leaving = true
			s.leaving++
			closed++
		}
	}
	return closed, spared
}

// rank is the lower the sooner a connection is closed, whatever its idle time.
func (c *conn) rank() (rank int) {
	if c.useful.Load() {
		rank++
	}
	if c.trusted {
		rank += 2
	}
	return rank
}

// mayClose says whether the peer is waited for.
func (c *conn) mayClose() bool {
	state := c.state.Load()
	return state != stateBusy && state != stateClosed
}

// closeIfIdle closes a connection unless its handler has begun to answer meanwhile. Whoever
// reads or writes it finds out.
func (c *conn) closeIfIdle() bool {
	for state := c.state.Load(); state != stateBusy && state != stateClosed; state = c.state.Load() {
		if c.state.CompareAndSwap(state, stateClosed) {
			_ = c.raw.Close()
			return true
		}
	}
	return false
}

// remember adds a connection to those of its address. It needs s.mu.
func (s *Server) remember(c *conn) {
	if c.trusted {
		return
	}
	own := s.byAddress[c.address]
	c.place = len(own)
	s.byAddress[c.address] = append(own, c)
}

// forget takes it from them. It needs s.mu.
func (s *Server) forget(c *conn) {
	if c.trusted {
		return
	}
	own := s.byAddress[c.address]
	last := own[len(own)-1]
	own[c.place], last.place = last, c.place
	own[len(own)-1] = nil
	if own = own[:len(own)-1]; len(own) == 0 {
		delete(s.byAddress, c.address)
	} else {
		s.byAddress[c.address] = own
	}
}

// Open is how many connections there are that weren't hijacked.
func (s *Server) Open() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.conns) - s.leaving
}
