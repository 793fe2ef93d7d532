package cluster

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"sync"
	"time"
)

// wards are the nodes whose clients' records are kept here.
type wards struct {
	cluster *Cluster
	// orphaned is told that a node has come back with nothing, so that what is kept
	// here is all that is left of its earlier life. It must not block.
	orphaned func(Node)

	mu     sync.Mutex
	byTag  map[string]*ward // guarded by mu
	closed bool             // guarded by mu

	ctx     context.Context
	cancel  context.CancelFunc
	workers sync.WaitGroup
}

func newWards(c *Cluster, orphaned func(Node)) (*wards, error) {
	x := &wards{cluster: c, orphaned: orphaned, byTag: map[string]*ward{}}
	x.ctx, x.cancel = context.WithCancel(context.Background())
	err := c.o.State.Scan(wardPrefix, func(key string, value []byte) error {
		w := &ward{cluster: c, tag: key[len(wardPrefix):]}
		if err := json.Unmarshal(value, &w.known); err != nil {
			return fmt.Errorf("cluster: %s makes no sense: %w", key, err)
		}
		x.byTag[w.tag] = w
		return nil
	})
	c.handle(kindCopies, false, x.take)
	return x, err
}

func (x *wards) close() {
	x.mu.Lock()
	x.closed = true
	x.mu.Unlock()
	x.cancel()
	x.workers.Wait()
}

// run does something that takes a while.
func (x *wards) run(fn func()) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if !x.closed {
		x.workers.Go(fn)
	}
}

// find is nil where nothing is kept for the node.
func (x *wards) find(tag string) *ward {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.byTag[tag]
}

func (x *wards) take(from Node, payload []byte, reply Reply) {
	answer := func(h holding) {
		_ = reply.Part([]byte{byte(h)}) // whoever gets no answer asks again
		reply.Done()
	}
	var session epoch
	op, rest := byte(0), payload
	if len(payload) > 0 {
		op, rest = payload[0], payload[1:]
	}
	if op != opDrop {
		if len(rest) < len(session) {
			answer(holdsNot)
			return
		}
		session, rest = epoch(rest), rest[len(session):]
	}
	w := x.find(from.Tag)
	switch {
	case op == opBegin:
		x.begin(from, session, rest, answer)
	case op == opDrop:
		x.run(func() { answer(x.drop(from, len(rest) > 0 && rest[0] == 1)) })
	case w == nil:
		if op == opBatch {
			x.acknowledge(from.Tag, session, 0, holdsNot)
		}
		answer(holdsNot)
	case op == opBatch:
		reply.Done()
		x.batch(w, session, rest)
	case op == opSnapshot:
		x.run(func() { answer(w.keepAll(x.ctx, session, rest)) })
	case op == opComplete:
		x.run(func() { answer(w.finish(x.ctx, session)) })
	default:
		answer(holdsNot)
	}
}

func (x *wards) begin(from Node, session epoch, rest []byte, answer func(holding)) {
	if len(rest) < 1 || len(rest) != 1+int(rest[0])+9 || string(rest[1:1+rest[0]]) != from.Incarnation {
		answer(holdsNot)
		return
	}
	number, fresh := binary.BigEndian.Uint64(rest[1+rest[0]:]), rest[len(rest)-1] == 1
	x.mu.Lock()
	w := x.byTag[from.Tag]
	if w == nil {
		w = &ward{cluster: x.cluster, tag: from.Tag}
		x.byTag[from.Tag] = w
	}
	x.mu.Unlock()
	busy := func() bool { return w.isBusy(from, fresh, x.orphaned) }
	commit := w.begin(x.ctx, from, session, number, busy, x.run)
	if commit == nil {
		answer(holdsBusy)
		return
	}
	x.run(func() { answer(await(x.ctx, []Commit{commit})) })
}

// batch takes: number of the first batch (8), of the last (8), records.
func (x *wards) batch(w *ward, session epoch, rest []byte) {
	if len(rest) < 16 {
		return
	}
	first, last := binary.BigEndian.Uint64(rest), binary.BigEndian.Uint64(rest[8:])
	answer, number, now := w.keep(session, first, last, rest[16:])
	if now {
		x.acknowledge(w.tag, session, number, answer)
		return
	}
	w.mu.Lock()
	begin := !w.waiting && len(w.answers) > 0
	w.waiting = w.waiting || begin
	w.mu.Unlock()
	if begin {
		x.run(func() {
			w.answer(x.ctx, func(session epoch, number uint64, answer holding) { x.acknowledge(w.tag, session, number, answer) })
		})
	}
}

func (x *wards) acknowledge(tag string, session epoch, number uint64, answer holding) {
	b := append(make([]byte, 0, 17), session[:]...)
	b = append(binary.BigEndian.AppendUint64(b, number), byte(answer))
	_ = x.cluster.send(tag, kindCopiesAck, b) // else the batch comes again
}

// drop forgets what is kept for a node.
func (x *wards) drop(from Node, fresh bool) holding {
	w := x.find(from.Tag)
	if w == nil {
		return holds
	}
	w.mu.Lock()
	busy := w.isBusy(from, fresh, x.orphaned)
	w.mu.Unlock()
	if busy {
		return holdsBusy
	}
	return x.clear(w)
}

// clear deletes what is kept for a node, and the ward. What comes for it meanwhile
// has to come again.
func (x *wards) clear(w *ward) holding {
	w.mu.Lock()
	w.session, w.catching, w.taking = epoch{}, nil, true
	w.mu.Unlock()
	var commits []Commit
	err := x.cluster.o.State.Scan(w.prefix(), func(key string, _ []byte) error {
		commits = append(commits, x.cluster.o.State.Delete(key))
		return x.ctx.Err()
	})
	if err != nil {
		return holdsFull
	}
	if result := await(x.ctx, append(commits, x.cluster.o.State.Delete(wardPrefix+w.tag))); result != holds {
		return result
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.byTag[w.tag] == w {
		delete(x.byTag, w.tag)
	}
	return holds
}

// leave forgets what is kept for a node that has left in order.
func (x *wards) leave(n Node) {
	x.run(func() {
		for x.ctx.Err() == nil && !x.forget(n) {
			pause(x.ctx, time.Second)
		}
	})
}

// forget forgets what is kept for this life of a node, and earlier ones; false if that
// fails.
func (x *wards) forget(n Node) bool {
	w := x.find(n.Tag)
	return w == nil || !w.mayGo(n.Incarnation) || x.clear(w) == holds
}
