package cluster

import (
	"context"
	"errors"
	"sync"

	"github.com/nats-io/nats.go"
)

// ErrNoAnswer says that the node is silent, unknown, or didn't answer in time.
var ErrNoAnswer = errors.New("cluster: no answer")

// line numbers what goes to one incarnation of a node.
type line struct {
	mu   sync.Mutex // held while a message goes out, so that its frames stay together
	sent uint64
}

// target is where a message goes.
type target struct {
	tag, inc string
	root     string // of its subject
}

// target finds a node: a member that can be heard and takes this node for one,
// or, for what anyone may ask, whoever can be heard.
func (c *Cluster) target(tag string, anyone bool) (t target, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r := c.roster
	if m := r.members[tag]; m != nil && (m.hearing || anyone && r.isHeard(m, c.o.clock())) {
		return target{tag, m.inc, c.sharedRoot(m.roots)}, true
	}
	if o := r.others[tag]; o != nil && anyone {
		return target{tag, o.beat.Inc, c.sharedRoot(o.beat.Roots)}, true
	}
	return target{}, false
}

// sharedRoot is the first of this node's roots that another has too: always the
// same one, so that order is kept.
func (c *Cluster) sharedRoot(theirs []string) string {
	for _, root := range c.bus.roots {
		for _, other := range theirs {
			if root == other {
				return root
			}
		}
	}
	return c.bus.roots[0]
}

// send sends a message to a member, behind all that was sent to it before; it
// never blocks for another node, and a payload of any size goes (it is cut up).
// The error says that the node is silent or unknown, or NATS away: not all was
// sent. nil is no promise that it arrived.
func (c *Cluster) send(tag string, k kind, payload []byte) error {
	t, ok := c.target(tag, c.handlers[k].anyone)
	if !ok {
		return ErrNoAnswer
	}
	return c.transmit(t, k, payload, "")
}

// transmit sends a message in as many frames as it takes.
func (c *Cluster) transmit(t target, k kind, payload []byte, answer string) error {
	if len(payload) > maxMessage {
		return ErrNoAnswer
	}
	c.mu.Lock()
	to := nodeStart{t.tag, t.inc}
	l := c.lines[to]
	if l == nil {
		l = &line{}
		c.lines[to] = l
	}
	from := c.roster.inc
	c.mu.Unlock()

	l.mu.Lock()
	defer l.mu.Unlock()
	m := &nats.Msg{Subject: nodeOf(t.root, t.tag)}
	f := frame{kind: k, from: c.tag, fromInc: from, toInc: t.inc}
	for {
		f.contents = payload[:min(len(payload), piece)]
		payload = payload[len(f.contents):]
		f.flags &^= flagMore
		if len(payload) > 0 {
			f.flags |= flagMore
		} else {
			m.Reply = answer
		}
		l.sent++
		f.number = l.sent
		m.Data = appendFrame(make([]byte, 0, frameHead+len(f.contents)), &f)
		if err := c.bus.publish(m); err != nil {
			return errors.Join(ErrNoAnswer, err)
		}
		if len(payload) == 0 {
			return nil
		}
		f.flags |= flagRest
	}
}

// request sends a message like send and waits for the parts of its answer,
// until ctx ends or, without a deadline, the time of a call.
func (c *Cluster) request(ctx context.Context, tag string, k kind, payload []byte) ([][]byte, error) {
	if _, ok := ctx.Deadline(); !ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.o.timing.call)
		defer cancel()
	}
	call := c.begin(tag, k, payload)
	return c.await(ctx, call)
}

// audible lists all nodes from which beats come, members or not.
func (c *Cluster) audible() []Node {
	c.mu.Lock()
	defer c.mu.Unlock()
	now, r := c.o.clock(), c.roster
	var list []Node
	for _, m := range r.inOrder() {
		if r.isHeard(m, now) {
			list = append(list, m.node())
		}
	}
	for _, o := range r.others {
		if r.members[o.beat.tag] == nil && now.waited(o.at) <= r.t.silence {
			list = append(list, Node{Name: o.beat.Name, Tag: o.beat.tag, Version: o.beat.Version, Hearing: true, Incarnation: o.beat.Inc})
		}
	}
	return list
}
