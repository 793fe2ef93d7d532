package cluster

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// resolver looks up the addresses of a name.
type resolver interface {
	LookupHost(ctx context.Context, host string) ([]string, error)
}

// peer is an entry of Options.Peers.
type peer struct {
	host, port string
	every      bool // all addresses of the name, each a node of its own
}

// forgetAddress is how long an address is dialled that its name doesn't have any more.
const forgetAddress = 2 * time.Minute

// maxAddresses bounds what a name may stand for.
const maxAddresses = 1000

func parsePeers(peers []string) ([]peer, error) {
	list := make([]peer, 0, len(peers))
	for _, text := range peers {
		rest, every := strings.CutPrefix(text, "dns:")
		host, port, err := net.SplitHostPort(rest)
		if err != nil || host == "" {
			return nil, fmt.Errorf("cluster: peer %q: want host:port or dns:name:port", text)
		}
		if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
			return nil, fmt.Errorf("cluster: peer %q: %q is no port", text, port)
		}
		list = append(list, peer{host, port, every})
	}
	return list, nil
}

// dialler keeps routes to all peers, whose addresses it looks up again and again.
type dialler struct {
	engine  *engine
	peers   []peer
	resolve resolver
	every   time.Duration
	seen    map[string]time.Time // address → when its name had it last
	set     []string             // what the engine dials
	// nameless are the names that couldn't be looked up the last time.
	nameless map[string]bool
	log      interface{ Warn(string, ...any) }

	looked   chan struct{} // closed after the first look
	expected atomic.Int32  // how many peers there may be
}

// run looks for peers until ctx ends.
func (d *dialler) run(ctx context.Context) {
	d.look(ctx)
	close(d.looked)
	tick := time.NewTicker(d.every)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			d.look(ctx)
		case <-ctx.Done():
			return
		}
	}
}

// look brings the routes up to what the names say now.
func (d *dialler) look(ctx context.Context) {
	now := time.Now()
	unknown := 0
	for _, p := range d.peers {
		found, err := d.addresses(ctx, p)
		if err != nil {
			unknown++
		}
		d.tell(ctx, p, err)
		for _, a := range found {
			if len(d.seen) < maxAddresses && !d.own(a) {
				d.seen[a] = now
			}
		}
	}
	var want []string
	for a, at := range d.seen {
		// One that still answers isn't cut off because a look-up was incomplete.
		if now.Sub(at) > forgetAddress && !d.routed(a) {
			delete(d.seen, a)
			continue
		}
		want = append(want, a)
	}
	d.expected.Store(int32(len(want) + unknown))
	slices.Sort(want)
	if slices.Equal(want, d.set) {
		return
	}
	if err := d.engine.setRoutes(want); err != nil {
		d.log.Warn("cluster: the routes can't be set", "error", err)
		return
	}
	d.set = want
}

// tell logs that a peer's name can't be looked up, once until it can.
func (d *dialler) tell(ctx context.Context, p peer, err error) {
	if err == nil {
		delete(d.nameless, p.host)
		return
	}
	if !d.nameless[p.host] && ctx.Err() == nil {
		d.nameless[p.host] = true
		d.log.Warn("cluster: the name of peers can't be looked up, and is tried again and again: without them this node is alone",
			"name", p.host, "error", err)
	}
}

// addresses are what a peer stands for now. A name that can't be looked up
// leaves what it had.
func (d *dialler) addresses(ctx context.Context, p peer) ([]string, error) {
	if !p.every { // of a name, the server looks up the address whenever it dials
		return []string{net.JoinHostPort(strings.ToLower(p.host), p.port)}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, d.every)
	defer cancel()
	found, err := d.resolve.LookupHost(ctx, p.host)
	if err != nil {
		return nil, err
	}
	list := make([]string, 0, len(found))
	for _, ip := range found {
		list = append(list, net.JoinHostPort(ip, p.port))
	}
	return list, nil
}

// own says whether an address is this node's own.
func (d *dialler) own(address string) bool {
	host, port, _ := net.SplitHostPort(address)
	ip := net.ParseIP(host)
	if ip == nil || port != strconv.Itoa(d.engine.port) {
		return false
	}
	if listens := net.ParseIP(d.engine.host); listens != nil && !listens.IsUnspecified() {
		return listens.Equal(ip)
	}
	local, err := net.InterfaceAddrs()
	if err != nil {
		return false
	}
	return slices.ContainsFunc(local, func(a net.Addr) bool {
		n, ok := a.(*net.IPNet)
		return ok && n.IP.Equal(ip)
	})
}

// routed says whether there is a route to this address, or from it.
func (d *dialler) routed(address string) bool {
	routes, err := d.engine.Routez(nil)
	if err != nil {
		return false
	}
	host, _, _ := net.SplitHostPort(address)
	for _, r := range routes.Routes {
		if r.IP == host {
			return true
		}
	}
	return false
}

// awaitRoutes waits until the peers are there that can be expected, but not long
// for the others when one is.
func (c *Cluster) awaitRoutes(ctx context.Context) {
	if c.bus.engine == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, c.o.timing.meeting)
	defer cancel()
	select {
	case <-c.dialler.looked:
	case <-ctx.Done():
		return
	}
	var first time.Time
	for ctx.Err() == nil {
		routes := c.bus.engine.NumRoutes()
		if routes >= int(c.dialler.expected.Load()) {
			return
		}
		if routes > 0 && first.IsZero() {
			first = time.Now()
		}
		if routes > 0 && time.Since(first) > c.o.timing.silence {
			return
		}
		pause(ctx, c.o.timing.beat/20)
	}
}
