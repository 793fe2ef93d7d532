package cluster

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"gatepost/protocol"
)

// Forget declares by hand that a silent node is lost, whose clients the others
// then close. Its errors are *protocol.Problem: 404 for an unknown name, 409 for a
// node that answers or has answered too lately; others say that it can't be kept.
func (c *Cluster) Forget(ctx context.Context, name string) error {
	c.mu.Lock()
	now := c.o.clock()
	gone, err := c.roster.forget(name, now)
	c.after(now)
	c.mu.Unlock()
	if err != nil {
		return err
	}
	if err := c.keepNow(ctx); err != nil {
		return err
	}
	tick := time.NewTicker(c.o.timing.beat / 10)
	defer tick.Stop()
	for {
		c.mu.Lock()
		done := gone.Final
		c.mu.Unlock()
		if done {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// forget begins the end of a silent member: at once, or, where there is a
// majority to ask, with its consent.
func (r *roster) forget(name string, now moment) (*tombstone, error) {
	m := r.members[protocol.NodeTag(name)]
	if m == nil {
		return nil, &protocol.Problem{Status: http.StatusNotFound, Code: protocol.CodeNotFound, Field: "node",
			Detail: fmt.Sprintf("there is no other node %q in the cluster", name)}
	}
	conflict := func(format string, args ...any) error {
		return &protocol.Problem{Status: http.StatusConflict, Code: CodeNodeAnswers, Field: "node", Detail: fmt.Sprintf(format, args...)}
	}
	if m.hearing {
		return nil, conflict("node %q answers; only a silent one can be forgotten", name)
	}
	if v := r.hearer(m); v != nil {
		return nil, conflict("node %q answers node %q; only a silent one can be forgotten", name, v.name)
	}
	if wait := r.t.lease + r.t.margin - r.unheard(m, now); wait > 0 {
		return nil, conflict("node %q may still be at work; try again in %d s", name, int(wait/time.Second)+1)
	}
	tomb := r.gone[m.start()]
	if tomb == nil {
		tomb = r.markGone(m, true, now)
	}
	if r.count() <= leaseless || !r.holds(now) || len(tomb.Own) <= leaseless {
		r.end(tomb)
	}
	return tomb, nil
}

// CodeNodeAnswers is the code of the problem that a node isn't silent.
const CodeNodeAnswers = "node_answers"
