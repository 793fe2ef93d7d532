package main

import (
	"context"
	"fmt"
	"net"
	"time"
)

// listen opens the listeners and logs where they are.
func (n *node) listen() error {
	if err := n.server.Listen(); err != nil {
		return err
	}
	attrs := []any{"addr", n.addr().String(), "ws_path", n.wsPath, "node", n.name, "version", programVersion()}
	if admin := n.server.AdminAddr(); admin != nil {
		attrs = append(attrs, "admin_addr", admin.String())
	}
	if n.room > 0 {
		attrs = append(attrs, "max_clients", n.room)
	}
	n.log.Info("listening", attrs...)
	err := n.recover()
	dropStartupPages()
	return err
}

// addr is the public listener's address.
func (n *node) addr() net.Addr { return n.server.Addr() }

// serve answers until a listener fails or the node can't be a part of its cluster,
// which is its error, or stop is called.
func (n *node) serve() error {
	served := make(chan error, 1)
	go func() { served <- n.server.Serve(context.Background()) }()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	joined := make(chan error, 1)
	go func() { joined <- n.join(ctx) }()
	for {
		select {
		case err := <-served:
			return err
		case err := <-n.fatal():
			return err
		case err := <-joined:
			if err != nil {
				return err
			}
			joined = nil
		}
	}
}

// afterDrain is how long stop waits, beyond the time over which clients are
// closed, for their last events: all quick tries of one at an endpoint that hangs.
const afterDrain = time.Minute

// afterDrainKept is the same where the store takes what isn't delivered.
const afterDrainKept = 4 * time.Second

// lastAttempts is when attempts are cut off that are still under way then, so that
// there is time to write their events down.
const lastAttempts = 2 * time.Second

// lastWrites is how much longer that may take where it took too long.
const lastWrites = 500 * time.Millisecond

// lastCalls is how long calls may take that are under way when all clients are gone.
const lastCalls = time.Second

// stop drains the node: it is not ready any more, closes its clients with 1001
// spread over the configured time, and returns when their close events are
// delivered or dead letters, and the calls under way answered or cut off. The error
// says what was left when delivering took too long.
func (n *node) stop(ctx context.Context) error {
	clients, _, _ := n.hub.Count()
	n.log.Info("draining", "clients", clients, "over", n.drain.String())
	last := afterDrain
	if n.durable {
		last = afterDrainKept
	}
	ctx, cancel := context.WithTimeout(ctx, n.drain+last)
	defer cancel()
	if n.durable { // a backend that hangs would hold up the end
		abort := time.AfterFunc(n.drain+lastAttempts, n.events.Abort)
		defer abort.Stop()
	}
	err := n.gateway.Drain(ctx, n.drain)
	if err != nil {
		err = fmt.Errorf("drain: %w", err)
	}
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastCalls)
	defer cancel()
	if late := n.server.Shutdown(closing); late != nil {
		// A stranger may have sent half a call: that is no failure of the node's end.
		n.log.Warn("calls that weren't complete in time were cut off", "error", late)
	}
	n.flush()
	if n.cluster != nil {
		n.leave()
	}
	n.end()
	if dead := n.deadLetters(); dead > 0 && !n.durable {
		n.log.Warn("dead letters end with this process", "dead", dead)
	}
	return err
}

func (n *node) deadLetters() (dead int) {
	for _, e := range n.events.Stats() {
		dead += e.Dead
	}
	return dead
}

// close gives everything back, at once.
func (n *node) close() {
	n.flush()
	n.end()
}

// flush ends all deliveries and has what isn't delivered written down.
func (n *node) flush() {
	n.gateway.Stop()
	n.events.Close()
	flushing, cancel := context.WithTimeout(context.Background(), lastWrites)
	defer cancel()
	n.gateway.Flush(flushing)
}

// end gives back what flush has left.
func (n *node) end() {
	n.hub.Close()
	n.release()
}

// release gives back what open has brought up, which may be a part of it.
func (n *node) release() {
	n.cancel()
	if n.cluster != nil {
		n.cluster.Close()
	}
	if n.store == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := n.store.Close(ctx); err != nil {
		n.log.Error("closing the store", "error", err)
	}
}
