package cluster

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// ErrNobody says that no other node can be heard.
var ErrNobody = errors.New("cluster: no other node can be heard")

const (
	// handedAtOnce is how much of what is handed over goes into one message.
	handedAtOnce = 512 << 10
	// adoptTimeout is how long a node may take to keep that.
	adoptTimeout = 20 * time.Second
)

// errRefused: the other node couldn't keep what it was handed.
var errRefused = errors.New("cluster: it couldn't keep what it was handed")

// HandOver gives the next node that can be heard all that scan shows, keys and
// values of this node's journal in the order in which Host.Adopt is to get them, and
// returns nil when that node has kept them all: only then may this node forget them,
// and Leave. scan is called again from the start where a node ceases to answer and
// another one is tried. The error is ErrNobody, ctx's, scan's own, or why nobody took
// all.
func (c *Cluster) HandOver(ctx context.Context, scan func(fn func(key string, value []byte) error) error) error {
	nodes := c.hearing()
	if len(nodes) == 0 {
		return ErrNobody
	}
	var failures error
	for _, n := range nodes {
		err := c.handTo(ctx, n.Tag, scan)
		if err == nil {
			return nil
		}
		if !errors.Is(err, ErrNoAnswer) && !errors.Is(err, errRefused) && !errors.Is(err, context.DeadlineExceeded) || ctx.Err() != nil {
			return err
		}
		c.log.Warn("cluster: a node didn't take what this one hands over", "node", n.Name, "error", err)
		failures = errors.Join(failures, fmt.Errorf("node %s: %w", n.Name, err))
	}
	return failures
}

func (c *Cluster) handTo(ctx context.Context, tag string, scan func(fn func(key string, value []byte) error) error) error {
	var part []byte
	send := func() error {
		ctx, cancel := context.WithTimeout(ctx, adoptTimeout)
		defer cancel()
		answer, err := c.request(ctx, tag, kindAdopt, part)
		part = part[:0]
		if err != nil {
			return err
		}
		if len(answer) != 1 || string(answer[0]) != "kept" {
			return errRefused
		}
		return nil
	}
	err := scan(func(key string, value []byte) error {
		part = appendEntry(part, key, value)
		if len(part) < handedAtOnce {
			return nil
		}
		return send()
	})
	if err == nil && len(part) > 0 {
		err = send()
	}
	return err
}

// An entry is its key and its value, each behind its length.
func appendEntry(b []byte, key string, value []byte) []byte {
	return appendSized(appendSized(b, key), value)
}

func parseEntries(b []byte) (entries []Entry, err error) {
	for len(b) > 0 {
		var key, value []byte
		if key, b, err = cutSized(b); err != nil {
			return nil, err
		}
		if value, b, err = cutSized(b); err != nil {
			return nil, err
		}
		entries = append(entries, Entry{Key: string(key), Value: value})
	}
	return entries, nil
}

// takeEntries takes a part of what another node hands over.
func (c *Cluster) takeEntries(from Node, payload []byte, reply Reply) {
	entries, err := parseEntries(payload)
	if err != nil {
		reply.Done()
		return
	}
	c.wards.run(func() {
		defer reply.Done()
		ctx, cancel := context.WithTimeout(c.wards.ctx, adoptTimeout)
		defer cancel()
		if err := c.host.Adopt(ctx, from, entries); err != nil {
			c.log.Error("cluster: what another node hands over can't be kept", "node", from.Name, "error", err)
			_ = reply.Part([]byte("refused")) // as no answer would
			return
		}
		_ = reply.Part([]byte("kept")) // without it, it goes to another node: twice is harmless
	})
}
