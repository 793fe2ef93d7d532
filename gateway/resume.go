package gateway

import (
	"maps"
	"slices"
	"strings"
	"time"

	"gatepost/hub"
	"gatepost/protocol"
)

// resumedAtOnce is how many recovered clients are worked on at once, of those whose
// events go to the same endpoints: a process that ended with very many clients
// would else need far more memory at its next start, while its backend is away. It
// is more than an endpoint has slots and batches for.
const resumedAtOnce = 4096

// inherit makes what is left of clients this node's to go on with. begin does so.
// Clients that it has already are passed over.
func (g *Gateway) inherit(left leftovers) (begin func()) {
	queues := map[string][]string{}
	due := map[string]time.Time{}
	for _, id := range slices.Sorted(maps.Keys(left)) {
		where := g.destination(left[id])
		due[id] = left[id].due()
		g.clients.add() // first: once it is left, GiveUp may count it out
		if !g.unfinished.leave(id, left[id]) {
			g.clients.done()
			continue
		}
		queues[where] = append(queues[where], id)
	}
	return func() {
		for _, ids := range queues {
			slices.SortStableFunc(ids, func(a, b string) int { return due[a].Compare(due[b]) })
			go g.resumeAll(ids)
		}
	}
}

// resumeAll works off what is left of these clients, in turn. What isn't begun when
// the node ends is on record still.
func (g *Gateway) resumeAll(ids []string) {
	room := make(chan struct{}, resumedAtOnce)
	for i, id := range ids {
		select {
		case room <- struct{}{}:
		case <-g.life.Done():
			for _, id := range ids[i:] {
				if left, _ := g.unfinished.take(id); left != nil {
					g.clients.done()
				}
			}
			return
		}
		c := g.unfinished.begin(id, func(left *remains) *hub.Client { return g.restore(id, left) })
		if c == nil { // another node's now
			<-room
			continue
		}
		go func() {
			defer func() { <-room }()
			l := laneOf(c)
			g.work(c, l)
			if !l.ends { // nobody wants to hear of its close, which counts it out else
				g.over(c, l)
			}
		}()
	}
}

// destination names the endpoints that a client's events go to. Clients are
// resumed beside those of other destinations, so that an endpoint that is away
// holds up nobody else's.
func (g *Gateway) destination(left *remains) string {
	var names []string
	path := left.path()
	for _, o := range left.events {
		if o.kept != nil {
			names = append(names, o.kept.Endpoint())
		} else {
			names = append(names, g.events.Endpoint(protocol.Inbound, path))
		}
	}
	names = append(names, g.events.Endpoint(protocol.Close, path))
	slices.Sort(names)
	return strings.Join(slices.Compact(names), "\n")
}
