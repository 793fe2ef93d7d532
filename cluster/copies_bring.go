package cluster

import (
	"encoding/binary"
	"errors"
	"time"
)

var errNotHolder = errors.New("cluster: it holds no copies any more")

// bring makes a peer a holder that has all records: from when it knows of the
// session it gets the batches, and beside them all records as they are. It goes on
// until it is done or the peer isn't to hold them any more.
func (x *copies) bring(h *holder, session epoch) {
	for {
		err := x.bringAll(h, session)
		if err == nil || !x.current(h, session) {
			return
		}
		pause(x.ctx, anew)
		x.mu.Lock()
		if x.isCurrent(h, session) {
			x.log.restart(h)
			session = h.session
		}
		x.mu.Unlock()
	}
}

func (x *copies) current(h *holder, session epoch) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.isCurrent(h, session)
}

// isCurrent needs mu.
func (x *copies) isCurrent(h *holder, session epoch) bool {
	return x.ctx.Err() == nil && x.log.holder(h.tag) == h && h.session == session
}

func (x *copies) bringAll(h *holder, session epoch) error {
	x.mu.Lock()
	number := h.acked
	x.mu.Unlock()
	incarnation := x.cluster.Self().Incarnation
	head := append(append([]byte{opBegin}, session[:]...), byte(len(incarnation)))
	head = binary.BigEndian.AppendUint64(append(head, incarnation...), number)
	if err := x.order(h, session, append(head, x.fresh)); err != nil {
		return err
	}
	x.mu.Lock()
	x.log.start(h, time.Now())
	x.mu.Unlock()
	notify(x.wake)

	part := append([]byte{opSnapshot}, session[:]...)
	empty := len(part)
	err := x.cluster.o.Records(func(clientID string, record []byte) error {
		part = appendCopy(part, clientID, record)
		if len(part) < copiesAtOnce/2 {
			return nil
		}
		err := x.order(h, session, part)
		part = part[:empty]
		return err
	})
	if err == nil && len(part) > empty {
		err = x.order(h, session, part)
	}
	if err != nil {
		return err
	}
	if err := x.order(h, session, append([]byte{opComplete}, session[:]...)); err != nil {
		return err
	}
	x.mu.Lock()
	h.complete = true
	x.mu.Unlock()
	x.release()
	return nil
}

// order asks a holder for something and is nil if it did it.
func (x *copies) order(h *holder, session epoch, message []byte) error {
	if !x.current(h, session) {
		return errNotHolder
	}
	answer, err := x.cluster.transfer(x.ctx, h.tag, kindCopies, message)
	switch {
	case err != nil:
		return err
	case holding(answer) == holds:
		return nil
	case holding(answer) == holdsFull:
		x.mu.Lock()
		if x.isCurrent(h, session) {
			x.heed(h, 0, holdsFull)
		}
		x.mu.Unlock()
	}
	return errNotHolder
}

// release tells those that aren't holders that they needn't keep copies any more,
// once those that are have them all.
func (x *copies) release() {
	ring := x.cluster.hearing()
	x.mu.Lock()
	defer x.mu.Unlock()
	if len(x.log.holders) == 0 || x.log.closed {
		return
	}
	for _, h := range x.log.holders {
		if !h.complete {
			return
		}
	}
	for _, n := range ring {
		if x.log.holder(n.Tag) != nil || x.dropped[n.Tag] == n.Incarnation {
			continue
		}
		x.dropped[n.Tag] = n.Incarnation
		x.workers.Go(func() {
			answer, err := x.cluster.transfer(x.ctx, n.Tag, kindCopies, []byte{opDrop, x.fresh})
			if err == nil && holding(answer) == holds {
				return
			}
			x.mu.Lock()
			defer x.mu.Unlock()
			if x.dropped[n.Tag] == n.Incarnation {
				delete(x.dropped, n.Tag) // it is told again
			}
		})
	}
}
