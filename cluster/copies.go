package cluster

import (
	"context"
	"encoding/binary"
	"sync"
	"time"
)

// unfitFor is how long a peer isn't asked to hold copies that couldn't.
const unfitFor = 30 * time.Second

// What a message about copies begins with. All but opBatch are requests that are
// answered with one byte, a holding.
const (
	opBegin    = iota + 1 // session, incarnation's length (1), incarnation, number (8), fresh (1)
	opBatch               // session, number of the first batch (8), of the last (8), records
	opSnapshot            // session, records
	opComplete            // session: that was all
	opDrop                // fresh (1): the copies aren't needed any more
)

// holding is a holder's answer.
type holding byte

const (
	holds     holding = iota
	holdsNot          // it knows of no such session
	holdsBusy         // the copies of an earlier life are being taken over: later
	holdsFull         // its State can't keep it
)

// copies sees to it that the records of this node's clients are on two peers, the
// next ones that can be heard, so that they can close for this node if it is lost
// with its disk.
type copies struct {
	cluster *Cluster
	// fresh is 1 where this State was empty at the start: what peers have of an
	// earlier life of this node is all that is left of it.
	fresh byte

	mu      sync.Mutex
	log     copyLog              // guarded by mu
	unfit   map[string]time.Time // guarded by mu; by tag, until when
	dropped map[string]string    // guarded by mu; incarnations by tag that have been told that they hold nothing

	wake    chan struct{} // cap 1
	ctx     context.Context
	cancel  context.CancelFunc
	workers sync.WaitGroup
}

func newCopies(c *Cluster, fresh byte) *copies {
	x := &copies{cluster: c, fresh: fresh, unfit: map[string]time.Time{}, dropped: map[string]string{}, wake: make(chan struct{}, 1)}
	x.ctx, x.cancel = context.WithCancel(context.Background())
	c.handle(kindCopiesAck, false, x.takeAck)
	again := func(Node) { x.choose() }
	c.observe(observer{onHeard: again, onSilent: again, onGone: func(Node, departure) { x.choose() }})
	x.workers.Go(func() { tellOn(x.ctx, x.wake, anew/2, func() { x.choose(); x.release() }, x.tellAll) })
	return x
}

func (x *copies) close() {
	x.cancel()
	x.mu.Lock()
	x.log.close()
	x.mu.Unlock()
	x.workers.Wait()
}

// Copy gives the two next nodes that can be heard a copy of the client's record, in
// place of the one that they had. Calls for one client must come one after the
// other, each once Options.Records shows the same record. It never blocks: the Commit's
// Wait returns when both have kept it, or as many as there are. Where clients' records
// outlive a node anyway (an external NATS), there is nothing to wait for.
func (c *Cluster) Copy(clientID string, record []byte) Commit {
	return c.copies.add(len(clientID)+len(record), func(b []byte) []byte { return appendCopy(b, clientID, record) })
}

// Uncopy takes the copies of a client's record away, once Options.Records doesn't show
// it any more.
func (c *Cluster) Uncopy(clientID string) {
	c.copies.add(len(clientID), func(b []byte) []byte { return appendUncopy(b, clientID) })
}

func (x *copies) add(size int, appendTo func([]byte) []byte) Commit {
	if x == nil {
		return kept{}
	}
	x.mu.Lock()
	commit := x.log.add(size, appendTo)
	over := x.log.bytes > copiesWaiting
	x.mu.Unlock()
	if over {
		x.choose()
	}
	notify(x.wake)
	return commit
}

// waiting is how many bytes of records some holder lacks.
func (x *copies) waiting() int {
	if x == nil {
		return 0
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.log.bytes
}

// choose brings the holders up to date with who can be heard.
func (x *copies) choose() {
	ring := x.cluster.hearing()
	now := time.Now()
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.log.closed {
		return
	}
	if h := x.log.hopeless(now); h != nil {
		x.cluster.log.Warn("cluster: a node doesn't keep up with the copies of clients' records; another one gets them for a while", "tag", h.tag)
		x.unfit[h.tag] = now.Add(unfitFor)
	}
	var next []Node
	for _, n := range ring {
		if until, unfit := x.unfit[n.Tag]; unfit && now.Before(until) {
			continue
		}
		delete(x.unfit, n.Tag)
		if next = append(next, n); len(next) == holderCount {
			break
		}
	}
	for _, h := range x.log.choose(next, now) {
		delete(x.dropped, h.tag)
		session := h.session
		x.workers.Go(func() { x.bring(h, session) })
	}
	notify(x.wake)
}

// tellAll sends what is to be sent, and says whether there was anything to send.
func (x *copies) tellAll() (sent bool) {
	type delivery struct {
		tag     string
		session epoch
		batches []*batch
	}
	var out []delivery
	x.mu.Lock()
	now := time.Now()
	for _, h := range x.log.holders {
		if batches := x.log.next(h, now); batches != nil {
			out = append(out, delivery{h.tag, h.session, batches})
		}
	}
	x.mu.Unlock()
	for _, o := range out {
		size := 32
		for _, b := range o.batches {
			size += len(b.records)
		}
		message := append(append(make([]byte, 0, size), opBatch), o.session[:]...)
		message = binary.BigEndian.AppendUint64(message, o.batches[0].number)
		message = binary.BigEndian.AppendUint64(message, o.batches[len(o.batches)-1].number)
		for _, b := range o.batches {
			message = append(message, b.records...)
		}
		// What doesn't arrive isn't acknowledged, and sent again.
		_ = x.cluster.send(o.tag, kindCopies, message)
	}
	return len(out) > 0
}

// takeAck takes a holder's answer to a batch: session, number (8), a holding.
func (x *copies) takeAck(from Node, payload []byte, _ Reply) {
	if len(payload) != 17 {
		return
	}
	number, answer := binary.BigEndian.Uint64(payload[8:]), holding(payload[16])
	x.mu.Lock()
	h := x.log.holder(from.Tag)
	known := h != nil && h.session == epoch(payload[:8])
	if known {
		x.heed(h, number, answer)
	}
	x.mu.Unlock()
	switch {
	case known && answer == holdsFull:
		x.choose()
	case known:
		notify(x.wake)
	}
}

// heed needs mu.
func (x *copies) heed(h *holder, number uint64, answer holding) {
	switch answer {
	case holds:
		x.log.acknowledged(h, number, time.Now())
	case holdsFull:
		x.cluster.log.Warn("cluster: a node can't keep the copies of clients' records; another one gets them for a while", "tag", h.tag)
		x.unfit[h.tag] = time.Now().Add(unfitFor)
	default:
		if !h.started {
			return
		}
		x.log.restart(h)
		session := h.session
		x.workers.Go(func() { x.bring(h, session) })
	}
}
