package gateway

import (
	"context"
	"fmt"
	"time"

	"gatepost/hub"
	"gatepost/protocol"
)

var goingAway = hub.Cause{Code: protocol.CloseGoingAway, Reason: "this node is going away", Initiator: protocol.ByGateway}

// drainTick is how often a draining node closes the clients that are due.
const drainTick = 20 * time.Millisecond

// Draining says whether Drain has begun: new clients are refused.
func (g *Gateway) Draining() bool { return g.draining.Load() }

// Drain closes every client with 1001, spread evenly over this time so that they
// don't all reconnect at once, and returns when their close events, and all that
// waited before them, are delivered, dead letters, or kept for the next start. The
// error says how many weren't when ctx ended.
func (g *Gateway) Drain(ctx context.Context, over time.Duration) error {
	g.draining.Store(true)
	tick := time.NewTicker(drainTick)
	defer tick.Stop()
	begun, atFirst := time.Now(), len(g.connected())
	for {
		remaining := g.connected()
		if len(remaining) == 0 {
			break
		}
		for _, c := range remaining[min(len(remaining), mayStay(atFirst, time.Since(begun), over)):] {
			c.Close(goingAway, nil, false)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("%d clients are left, their close events with them: %w", g.clients.len(), ctx.Err())
		}
	}
	if err := g.deliverRest(ctx); err != nil {
		return fmt.Errorf("the events of %d clients are left: %w", g.clients.len(), err)
	}
	if n := g.lost.Load(); n > 0 {
		return fmt.Errorf("%d events are lost: they could not be kept", n)
	}
	return nil
}

// lastDeliveries is how long a draining node that has a journal goes on to deliver
// once its clients are closed; the journal takes the rest.
const lastDeliveries = 2 * time.Second

// deliverRest returns when every client's events are delivered, dead letters, or
// in the journal.
func (g *Gateway) deliverRest(ctx context.Context) error {
	if g.cfg.Journal == nil {
		return g.clients.wait(ctx)
	}
	soon, cancel := context.WithTimeout(ctx, lastDeliveries)
	defer cancel()
	if g.clients.wait(soon) == nil {
		return nil
	}
	g.stop()
	if err := g.clients.wait(ctx); err != nil {
		if n := g.waiting.Load(); n > 0 {
			return fmt.Errorf("%d of them were not written down: %w", n, err)
		}
		g.log.Warn("clients were still connecting when the node ended; the next start closes them", "clients", g.clients.len())
	}
	return nil
}

// mayStay is how many of the n clients that were there at first may stay, so long
// after the draining began that is to take over.
func mayStay(n int, since, over time.Duration) int {
	if since >= over {
		return 0
	}
	return int(float64(n) * float64(over-since) / float64(over))
}

func (g *Gateway) connected() []*hub.Client {
	var clients []*hub.Client
	g.hub.Each(func(c *hub.Client) bool {
		clients = append(clients, c)
		return true
	})
	return clients
}
