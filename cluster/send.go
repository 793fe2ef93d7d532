package cluster

import (
	"context"
	"errors"
)

// ErrNoAnswer: the node is silent, unknown, or didn't answer in time.
var ErrNoAnswer = errors.New("cluster: no answer")

// handler takes the messages of one kind, one after another in the order in
// which a node sent them, on the one goroutine that takes all: it must not
// block, nor wait for another node. payload is its own. reply is never nil;
// what was sent without wanting an answer throws the answer away.
type handler func(from Node, payload []byte, reply Reply)

// handle sets the handler of a kind, before Join. Messages of strangers to the
// member list are dropped, unless anyone is set.
func (c *Cluster) handle(k kind, anyone bool, h handler) {}

// send sends a message to a member, behind all that was sent to it before; it
// never blocks, and a payload of any size goes (it is cut up). The error says
// that the node is silent or unknown, or NATS away: nothing was sent. nil is no
// promise that it arrived.
func (c *Cluster) send(tag string, k kind, payload []byte) error { return ErrNoAnswer }

// request sends a message like send and waits for the parts of its answer,
// until ctx ends or, without a deadline, the time of a call.
func (c *Cluster) request(ctx context.Context, tag string, k kind, payload []byte) ([][]byte, error) {
	return nil, ErrNoAnswer
}
