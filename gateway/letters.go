package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"gatepost/protocol"
	"gatepost/webhooks"
)

// Dead lists the dead letters of all nodes, oldest first, without their events, and
// gives the cursor of the next page, empty at the end. As with every query, nodes
// that didn't answer are in the context's protocol.Partial.
func (g *Gateway) Dead(ctx context.Context, p protocol.Page) ([]webhooks.DeadLetter, string, error) {
	here, err := g.lettersHere(ctx, p)
	if err != nil {
		return nil, "", err
	}
	parts := gather(ctx, g, g.everyone(), opLetters, question{Limit: p.Limit, Cursor: []byte(p.Cursor)},
		func() list[webhooks.DeadLetter] { return here })
	page, cursor := merge(pageLimit(p), parts, func(*webhooks.DeadLetter, webhooks.DeadLetter) {})
	letters := make([]webhooks.DeadLetter, len(page))
	for i := range page {
		letters[i] = page[i].Value
	}
	return letters, cursor, nil
}

func (g *Gateway) lettersHere(ctx context.Context, p protocol.Page) (list[webhooks.DeadLetter], error) {
	if g.cfg.Webhooks == nil {
		return list[webhooks.DeadLetter]{}, nil
	}
	letters, cursor, err := g.cfg.Webhooks.Dead(ctx, p)
	return listOf(letters, cursor, func(_ int, l webhooks.DeadLetter) (string, webhooks.DeadLetter) { return l.Key, l }), err
}

// DeadLetter gives one letter with its event, from whichever node has it. An unknown
// id is a *protocol.Problem 404.
func (g *Gateway) DeadLetter(ctx context.Context, id string) (*webhooks.DeadLetter, error) {
	letter, err := g.letterHere(ctx, id)
	if !isNotFound(err) {
		return letter, err
	}
	body, err := g.askForLetter(ctx, id, encodeQuestion(opLetter, question{ID: id}))
	if err != nil {
		return nil, err
	}
	letter = &webhooks.DeadLetter{}
	return letter, json.Unmarshal(body, letter)
}

// Drop forgets a dead letter, on whichever node it is. An unknown id is a
// *protocol.Problem 404.
func (g *Gateway) Drop(ctx context.Context, id string) error {
	err := g.dropHere(ctx, id)
	if !isNotFound(err) {
		return err
	}
	_, err = g.askForLetter(ctx, id, encodeQuestion(opDrop, question{ID: id}))
	return err
}

// askForLetter asks all other nodes for something about a letter that one of them may
// have.
func (g *Gateway) askForLetter(ctx context.Context, id string, request []byte) ([]byte, error) {
	err := webhooks.NoLetter("id", id)
	for _, answer := range g.ask(ctx, []outgoing{{g.everyone(), request}}, nil) {
		switch {
		case answer.err == nil:
			return answer.body, nil
		case answer.problem() == nil:
			err = protocol.NodeUnreachable(g.nameOf(answer.tag))
		case !isNotFound(answer.problem()):
			return nil, answer.problem()
		}
	}
	return nil, err
}

// Replay sends dead letters again, each from the node that has it, and says how many
// were begun. An id without a letter is a *protocol.Problem 404, and nothing is
// replayed.
func (g *Gateway) Replay(ctx context.Context, r protocol.Replay) (int, error) {
	if g.Alone() {
		return g.replayHere(ctx, r)
	}
	ctx, cancel := context.WithTimeout(ctx, callWithin)
	defer cancel()
	var requests []outgoing
	if r.All {
		requests = []outgoing{{g.everyone(), encodeQuestion(opReplay, question{All: true})}}
	} else {
		var err error
		if r.IDs, requests, err = g.whoReplays(ctx, r.IDs); err != nil {
			return 0, err
		}
	}
	var n int
	var err error
	answers := g.ask(ctx, requests, func() {
		if r.All || len(r.IDs) > 0 {
			n, err = g.replayHere(ctx, r)
		}
	})
	for _, answer := range answers {
		if !g.addCounts(ctx, answer, &n) && err == nil {
			err = answer.problem()
		}
	}
	return n, err
}

// whoReplays finds the nodes that have letters: those that are this node's, and what
// the others are to be asked.
func (g *Gateway) whoReplays(ctx context.Context, ids []string) (own []string, requests []outgoing, err error) {
	ctx, cancel := context.WithTimeout(ctx, checkWithin)
	defer cancel()
	left := slices.Clone(ids)
	take := func(have []string) (taken []string) {
		has := setOf(have)
		left = slices.DeleteFunc(left, func(id string) bool {
			if has[id] {
				taken = append(taken, id)
			}
			return has[id]
		})
		return taken
	}
	own = take(g.haveHere(ids))
	if len(left) == 0 {
		return own, nil, nil
	}
	var silent string
	for _, answer := range g.ask(ctx, []outgoing{{g.everyone(), encodeQuestion(opHave, question{IDs: left})}}, nil) {
		var have []string
		if !g.into(ctx, answer, &have) {
			silent = g.nameOf(answer.tag)
		} else if taken := take(have); len(taken) > 0 {
			requests = append(requests, outgoing{[]string{answer.tag}, encodeQuestion(opReplay, question{IDs: taken})})
		}
	}
	switch {
	case len(left) == 0:
		return own, requests, nil
	case silent != "":
		return nil, nil, protocol.NodeUnreachable(silent)
	}
	return nil, nil, webhooks.NoLetter("ids", left[0])
}

func (g *Gateway) letterHere(ctx context.Context, id string) (*webhooks.DeadLetter, error) {
	if g.cfg.Webhooks == nil {
		return nil, webhooks.NoLetter("id", id)
	}
	return g.cfg.Webhooks.DeadLetter(ctx, id)
}

func (g *Gateway) dropHere(ctx context.Context, id string) error {
	if g.cfg.Webhooks == nil {
		return webhooks.NoLetter("id", id)
	}
	return g.cfg.Webhooks.Drop(ctx, id)
}

func (g *Gateway) haveHere(ids []string) []string {
	if g.cfg.Webhooks == nil {
		return nil
	}
	return g.cfg.Webhooks.Have(ids)
}

func (g *Gateway) replayHere(ctx context.Context, r protocol.Replay) (int, error) {
	switch {
	case g.cfg.Webhooks != nil:
		return g.cfg.Webhooks.Replay(ctx, r)
	case len(r.IDs) > 0:
		return 0, webhooks.NoLetter("ids", r.IDs[0])
	}
	return 0, nil
}

func isNotFound(err error) bool {
	var p *protocol.Problem
	return errors.As(err, &p) && p.Status == 404
}
