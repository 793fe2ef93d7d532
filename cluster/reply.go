package cluster

import (
	"errors"
	"sync"
)

var errDone = errors.New("cluster: the answer has ended")

// reply is the way back to the caller. The latest part is held until the next
// one or the end, so that an answer of one part is one message.
type reply struct {
	c  *Cluster
	to string // subject; empty: nobody wants it

	mu    sync.Mutex
	held  []byte
	ended bool
}

func (r *reply) Part(b []byte) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended {
		return errDone
	}
	if r.to == "" {
		return nil
	}
	err := r.flush(0)
	for len(b) > piece {
		err = errors.Join(err, r.c.bus.send(r.to, answerFrame(flagPart|flagMore, b[:piece])))
		b = b[piece:]
	}
	r.held = answerFrame(flagPart, b)
	return err
}

func (r *reply) Done() { r.end(flagLast) }

func (r *reply) refuse() { r.end(flagLast | flagRefused) }

func (r *reply) end(flags byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended {
		return
	}
	r.ended = true
	if r.to == "" {
		return
	}
	if r.held == nil {
		r.held = answerFrame(0, nil)
	}
	_ = r.flush(flags) // else the caller waits in vain
}

// flush sends the part that is held.
func (r *reply) flush(flags byte) error {
	if r.held == nil {
		return nil
	}
	b := r.held
	r.held = nil
	b[1] |= flags
	return r.c.bus.send(r.to, b)
}

func answerFrame(flags byte, contents []byte) []byte {
	b := make([]byte, 0, answerHead+len(contents))
	return append(append(b, wireVersion, flags), contents...)
}
