package cluster

import (
	"context"
	"strconv"
	"sync"
)

// Answer is what one node answered.
type Answer struct {
	Node  Node
	Parts [][]byte
	Err   error // ErrNoAnswer
}

// Call sends a request to several nodes at once and returns their answers, in
// the order of the tags, after at most the time of one call. A node that is
// silent or not known doesn't answer, at once; neither does this node itself.
// Two calls that are made one after the other are begun in this order by each node.
func (c *Cluster) Call(ctx context.Context, tags []string, request []byte) []Answer {
	ctx, cancel := context.WithTimeout(ctx, c.o.timing.call)
	defer cancel()
	answers, calls := make([]Answer, len(tags)), make([]*call, len(tags))
	for i, tag := range tags {
		if answers[i].Node, _ = c.Node(tag); answers[i].Node.Tag == "" {
			answers[i].Node.Tag = tag
		}
		calls[i] = c.begin(tag, kindCall, request)
	}
	for i := range calls {
		answers[i].Parts, answers[i].Err = c.await(ctx, calls[i])
		c.metrics.calls.Inc()
		if answers[i].Err != nil {
			c.metrics.unanswered.Inc()
		}
	}
	return answers
}

// maxAnswer bounds what one node may answer to one call.
const maxAnswer = 256 << 20

// call is one request under way to one node.
type call struct {
	id, tag string
	done    chan struct{} // closed when the answer has ended

	// Guarded by pending.mu until done is closed.
	parts [][]byte
	piece []byte // of a part that isn't whole yet
	size  int
	err   error
}

// pending are the calls under way.
type pending struct {
	mu    sync.Mutex
	next  uint64
	calls map[string]*call
}

// begin sends a request. Whatever comes of it, the call ends, or is awaited in vain.
func (c *Cluster) begin(tag string, k kind, request []byte) *call {
	t, ok := c.target(tag, c.handlers[k].anyone)
	if !ok {
		return &call{done: past, err: ErrNoAnswer}
	}
	return c.beginTo(t, k, request)
}

func (c *Cluster) beginTo(t target, k kind, request []byte) *call {
	x := c.calls.add(t.tag)
	if err := c.transmit(t, k, request, answersOf(t.root, c.tag, c.box)+"."+x.id); err != nil {
		c.calls.drop(x)
	}
	return x
}

// await waits for the end of an answer.
func (c *Cluster) await(ctx context.Context, x *call) ([][]byte, error) {
	select {
	case <-x.done:
	case <-ctx.Done():
		c.calls.drop(x)
	}
	<-x.done
	return x.parts, x.err
}

func (p *pending) add(tag string) *call {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.calls == nil {
		p.calls = make(map[string]*call)
	}
	p.next++
	x := &call{id: strconv.FormatUint(p.next, 36), tag: tag, done: make(chan struct{})}
	p.calls[x.id] = x
	return x
}

// take adds a frame to the answer of a call, if that is still wanted.
func (p *pending) take(id string, flags byte, contents []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	x := p.calls[id]
	if x == nil {
		return
	}
	x.size += len(contents)
	if flags&flagRefused != 0 || x.size > maxAnswer {
		p.end(x, ErrNoAnswer)
		return
	}
	if flags&flagPart != 0 {
		if flags&flagMore != 0 || x.piece != nil {
			x.piece = append(x.piece, contents...)
			contents = x.piece
		}
		if flags&flagMore == 0 {
			x.parts, x.piece = append(x.parts, contents), nil
		}
	}
	if flags&flagLast != 0 {
		p.end(x, nil)
	}
}

// end ends a call; p.mu is held.
func (p *pending) end(x *call, err error) {
	delete(p.calls, x.id)
	if x.err = err; err != nil {
		x.parts = nil
	}
	close(x.done)
}

// drop ends a call without an answer, unless it has ended.
func (p *pending) drop(x *call) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.calls[x.id] == x {
		p.end(x, ErrNoAnswer)
	}
}

// fail ends all calls to a node without an answer; to any, without a tag.
func (p *pending) fail(tag string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, x := range p.calls {
		if tag == "" || x.tag == tag {
			p.end(x, ErrNoAnswer)
		}
	}
}
