package cluster

import (
	"strings"

	"github.com/nats-io/nats.go"
)

// handler takes the messages of one kind, one after another in the order in
// which a node sent them, on the one goroutine that takes all: it must not
// block, nor wait for another node. payload is its own. reply is never nil;
// what was sent without wanting an answer throws the answer away.
type handler func(from Node, payload []byte, reply Reply)

type handling struct {
	do     handler
	anyone bool
}

// handle sets the handler of a kind, before Join. Messages of nodes that aren't
// members are refused, unless anyone is set.
func (c *Cluster) handle(k kind, anyone bool, h handler) { c.handlers[k] = handling{h, anyone} }

// inbound puts together what comes in pieces from one incarnation of a node.
type inbound struct {
	last  uint64
	whole []byte
}

// receive takes a message to this node.
func (c *Cluster) receive(m *nats.Msg) {
	f, err := parseFrame(m.Data)
	if err != nil {
		c.metrics.dropped.WithLabelValues("malformed").Inc()
		return
	}
	if c.o.drop != nil && c.o.drop(f.from) {
		return
	}
	c.receiving.Lock() // with several roots there are several goroutines
	defer c.receiving.Unlock()
	if c.closed {
		return
	}
	payload, ok := c.assembleFrames(&f)
	if !ok {
		return
	}
	reply := &reply{c: c, to: m.Reply}
	h := c.handlers[f.kind]
	from, ok := c.sender(&f, h.anyone)
	if h.do == nil || !ok {
		c.metrics.dropped.WithLabelValues("stranger").Inc()
		reply.refuse()
		return
	}
	h.do(from, payload, reply)
}

// assembleFrames gives the whole message once its last frame is there.
func (c *Cluster) assembleFrames(f *frame) (payload []byte, whole bool) {
	who := nodeStart{f.from, f.fromInc}
	in := c.inbounds[who]
	if in == nil {
		if len(c.inbounds) >= 2*maxNodes {
			clear(c.inbounds)
		}
		in = &inbound{last: f.number - 1}
		c.inbounds[who] = in
	}
	if f.number != in.last+1 {
		c.metrics.dropped.WithLabelValues("gap").Inc()
		in.whole = nil
	}
	gap := f.number != in.last+1
	in.last = f.number
	switch rest := f.flags&flagRest != 0; {
	case !rest && f.flags&flagMore == 0:
		in.whole = nil
		return f.contents, true
	case rest && (gap || in.whole == nil):
		return nil, false // its beginning is missing
	case !rest:
		in.whole = make([]byte, 0, 2*piece)
	}
	if len(in.whole)+len(f.contents) > maxMessage {
		in.whole = nil
		return nil, false
	}
	in.whole = append(in.whole, f.contents...)
	if f.flags&flagMore != 0 {
		return nil, false
	}
	payload, in.whole = in.whole, nil
	return payload, true
}

// sender finds who sent a frame, if this node takes messages from it.
func (c *Cluster) sender(f *frame, anyone bool) (Node, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r := c.roster
	if f.toInc != r.inc && !(anyone && f.toInc == anyInc) {
		return Node{}, false
	}
	m := r.members[f.from]
	if m != nil && m.inc == f.fromInc && (anyone || r.gone[m.start()] == nil) {
		return m.node(), true
	}
	if !anyone {
		return Node{}, false
	}
	n := Node{Tag: f.from, Incarnation: f.fromInc}
	if o := r.others[f.from]; o != nil && o.beat.Inc == f.fromInc {
		n.Name, n.Version = o.beat.Name, o.beat.Version
	}
	return n, true
}

// drain forgets what began to come in from a node that is gone.
func (c *Cluster) drain(n Node) {
	who := n.start()
	c.receiving.Lock()
	delete(c.inbounds, who)
	c.receiving.Unlock()
	c.mu.Lock()
	delete(c.lines, who)
	c.mu.Unlock()
}

// handleCore sets the handlers of this part of the cluster.
func (c *Cluster) handleCore() {
	c.handle(kindCall, false, func(from Node, payload []byte, reply Reply) { c.host.Serve(c.ctx, from, payload, reply) })
	c.handle(kindLeave, true, c.seeOff)
	c.handle(kindWho, true, func(from Node, _ []byte, reply Reply) {
		if from.Incarnation != c.Self().Incarnation {
			_ = reply.Part([]byte(c.Self().Incarnation))
		}
		reply.Done()
	})
}

// takeAnswer takes a part of an answer to a call of this node.
func (c *Cluster) takeAnswer(m *nats.Msg) {
	id := m.Subject[strings.LastIndexByte(m.Subject, '.')+1:]
	if m.Header.Get("Status") != "" && len(m.Data) == 0 { // nobody is there
		c.calls.take(id, flagLast|flagRefused, nil)
		return
	}
	flags, contents, err := parseAnswer(m.Data)
	if err != nil {
		c.metrics.dropped.WithLabelValues("malformed").Inc()
		return
	}
	c.calls.take(id, flags, contents)
}
