package gateway

import (
	"context"
	"errors"
	"strings"

	"gatepost/protocol"
	"gatepost/webhooks"
)

// Successor takes over what a node leaves in the cluster.
type Successor interface {
	// HandOver gives another node all that scan shows and returns nil when that one
	// has kept it. scan may be called several times.
	HandOver(ctx context.Context, scan func(fn func(key string, value []byte) error) error) error
}

// errFenced: others may have taken over what this node would hand over.
var errFenced = errors.New("this node is cut off from its cluster")

// HandOver gives all that is on record here (what wasn't delivered of this node's
// clients, and dead letters) to another node, and forgets it once that one has it: what
// others leave to this node and it had begun to take is a part of that. It follows
// Flush. It returns how many entries that were; with an error all is still here, for
// the next start.
func (g *Gateway) HandOver(ctx context.Context, to Successor) (entries int, err error) {
	if g.cfg.Journal == nil {
		return 0, nil
	}
	if err := g.receiving.wait(ctx); err != nil {
		return 0, err
	}
	if !g.hasEstate() {
		return 0, nil
	}
	if g.fenced() {
		return 0, errFenced
	}
	var keys []string
	err = to.HandOver(ctx, func(fn func(key string, value []byte) error) error {
		keys = keys[:0]
		return Estate(g.cfg.Journal.Scan, func(key string, value []byte) error {
			keys = append(keys, key)
			return fn(key, value)
		})
	})
	if err != nil {
		return 0, err
	}
	var commits []Commit
	for _, key := range keys[:len(keys)-1] { // but the last: it is in no journal
		commits = append(commits, g.cfg.Journal.Delete(key))
	}
	return len(commits), waitAll(ctx, commits)
}

// hasEstate says whether anything is on record.
func (g *Gateway) hasEstate() bool {
	found := errors.New("found")
	return errors.Is(Estate(g.cfg.Journal.Scan, func(key string, _ []byte) error {
		if key == lastKey {
			return nil
		}
		return found
	}), found)
}

// Estate gives all that is on record in a node's journal, as another node's Adopt
// wants it: scan gives what is under a prefix.
func Estate(scan func(prefix string, fn func(key string, value []byte) error) error, fn func(key string, value []byte) error) error {
	for _, prefix := range []string{webhooks.LetterPrefix, webhooks.OutboxPrefix, messagePrefix, clientPrefix} {
		if err := scan(prefix, fn); err != nil {
			return err
		}
	}
	return fn(lastKey, nil)
}

// ClientOf names the client that an entry of an Estate belongs to; empty: none.
func ClientOf(key string) string {
	if id, ok := RecordOf(key); ok {
		return id
	}
	if _, ok := strings.CutPrefix(key, messagePrefix); ok {
		id, _, _ := splitMessageKey(key)
		return id
	}
	for _, prefix := range []string{webhooks.OutboxPrefix, webhooks.LetterPrefix} {
		if event, ok := strings.CutPrefix(key, prefix); ok {
			return protocol.EventClientID(event)
		}
	}
	return ""
}
