package gateway

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"gatepost/cluster"
	"gatepost/protocol"
)

const (
	// callWithin is how long a call may take that concerns other nodes.
	callWithin = 1800 * time.Millisecond
	// servedWithin is how long a node that is asked by another one waits for third
	// ones: so long that it can still answer that it did what it was asked.
	servedWithin = 1200 * time.Millisecond
	// checkWithin is how long the first of two rounds may take.
	checkWithin = 800 * time.Millisecond
)

// outgoing is a request for some nodes.
type outgoing struct {
	tags    []string
	request []byte
}

// answered is what one node made of a request.
type answered struct {
	tag  string
	body []byte
	// err is a *protocol.Problem that the node answered with, or errSilent.
	err error
}

// problem is what the node answered with instead of a result; nil where it gave one, or
// was silent.
func (a answered) problem() error {
	if errors.Is(a.err, errSilent) {
		return nil
	}
	return a.err
}

// errSilent stands for a node that didn't answer, which the call's Partial names.
var errSilent = errors.New("the node didn't answer")

// ask sends requests to other nodes, does meanwhile what is to be done here (nil:
// nothing), and gives what they answered within a call's time.
func (g *Gateway) ask(ctx context.Context, requests []outgoing, here func()) []answered {
	if len(requests) == 0 {
		if here != nil {
			here()
		}
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, callWithin)
	defer cancel()
	if len(requests) == 1 && here == nil {
		return g.askOne(ctx, requests[0])
	}
	answers := make([][]answered, len(requests))
	var calls sync.WaitGroup
	for i, r := range requests {
		calls.Go(func() { answers[i] = g.askOne(ctx, r) })
	}
	if here != nil {
		here()
	}
	calls.Wait()
	var all []answered
	for _, some := range answers {
		all = append(all, some...)
	}
	return all
}

func (g *Gateway) askOne(ctx context.Context, r outgoing) []answered {
	if len(r.tags) == 0 {
		return nil
	}
	if g.fenced() { // whom it still hears may be cut off too
		silent := make([]answered, len(r.tags))
		for i, tag := range r.tags {
			silent[i] = g.silent(ctx, tag)
		}
		return silent
	}
	answers := g.cfg.Cluster.Call(ctx, r.tags, r.request)
	read := make([]answered, len(answers))
	for i, a := range answers {
		read[i] = g.read(ctx, r.tags[i], a)
	}
	return read
}

// read takes one node's answer apart.
func (g *Gateway) read(ctx context.Context, tag string, a cluster.Answer) answered {
	if a.Err != nil {
		return g.silent(ctx, tag)
	}
	how, missed, body, err := decodeAnswer(bytes.Join(a.Parts, nil))
	if err != nil {
		g.log.Warn("a node's answer can't be read", "node", a.Node.Name, "version", a.Node.Version, "error", err)
		return g.silent(ctx, tag)
	}
	protocol.PartialOf(ctx).Add(missed...)
	switch how {
	case wentWell:
		return answered{tag: tag, body: body}
	case wentWrong:
		p := &protocol.Problem{}
		if json.Unmarshal(body, p) == nil && p.Status >= 400 {
			return answered{tag: tag, err: p}
		}
	}
	g.log.Warn("a node can't do what it was asked", "node", a.Node.Name, "version", a.Node.Version)
	return g.silent(ctx, tag)
}

// silent notes that a node didn't answer.
func (g *Gateway) silent(ctx context.Context, tag string) answered {
	protocol.PartialOf(ctx).Add(g.nameOf(tag))
	return answered{tag: tag, err: errSilent}
}

func (g *Gateway) nameOf(tag string) string {
	if n, ok := g.cfg.Cluster.Node(tag); ok {
		return n.Name
	}
	return tag
}

// into reads an answer's body. What can't be read counts as silence.
func (g *Gateway) into(ctx context.Context, a answered, v any) bool {
	if a.err != nil {
		return false
	}
	if err := json.Unmarshal(a.body, v); err != nil {
		g.log.Warn("a node's answer can't be read", "node", g.nameOf(a.tag), "error", err)
		g.silent(ctx, a.tag)
		return false
	}
	return true
}

// addCounts adds the numbers that a node answered to those in into. It says false where
// the node didn't answer so.
func (g *Gateway) addCounts(ctx context.Context, a answered, into ...*int) bool {
	if a.err != nil {
		return false
	}
	counts, err := decodeCounts(a.body, len(into))
	if err != nil {
		g.log.Warn("a node's answer can't be read", "node", g.nameOf(a.tag), "error", err)
		g.silent(ctx, a.tag)
		return false
	}
	for i, sum := range into {
		*sum += counts[i]
	}
	return true
}

// everyone is the tags of all other nodes.
func (g *Gateway) everyone() []string {
	if g.Alone() {
		return nil
	}
	nodes := g.cfg.Cluster.Nodes()
	tags := make([]string, len(nodes))
	for i, n := range nodes {
		tags[i] = n.Tag
	}
	return tags
}

// Alone says whether this node is in no cluster: there is no other node, now or ever,
// and no call is partial.
func (g *Gateway) Alone() bool { return g.cfg.Cluster == nil }

// settle waits until the other nodes know which uids and groups this one holds, so
// that the next call through any of them sees what has been done here.
func (g *Gateway) settle(ctx context.Context) {
	if g.Alone() {
		return
	}
	for _, n := range g.cfg.Cluster.Settle(ctx) {
		protocol.PartialOf(ctx).Add(n.Name)
	}
}

// owner is the tag of the node that a client lives on, empty for this one. An id
// that no node can have made is gone.
func (g *Gateway) owner(id string) (tag string, err error) {
	if g.Alone() {
		return "", nil
	}
	tag = protocol.ClientNodeTag(id)
	if tag == g.nodeTag {
		return "", nil
	}
	if _, known := g.cfg.Cluster.Node(tag); !known || tag == "" {
		return "", protocol.ClientGone(id)
	}
	return tag, nil
}

// askOwner has the client's node do something, and reads the result.
func (g *Gateway) askOwner(ctx context.Context, tag string, request []byte, result any) error {
	for _, a := range g.ask(ctx, []outgoing{{[]string{tag}, request}}, nil) {
		if g.into(ctx, a, result) {
			return nil
		}
		if a.problem() != nil {
			return a.problem()
		}
	}
	return protocol.NodeUnreachable(g.nameOf(tag))
}
