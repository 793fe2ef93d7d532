package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"
)

// question asks for what a node knows of lost incarnations of a node: for its
// standing, or for its lists. The lost node itself asks for the latter with Back, and
// says with Told that it has them. With Told a question for a standing says that the
// asking node's has changed.
type question struct {
	Tag   string   `json:"tag"`
	Lives []string `json:"lives"`
	Name  string   `json:"name,omitempty"`
	Back  bool     `json:"back,omitempty"`
	Told  bool     `json:"told,omitempty"`
}

// maxLives bounds the incarnations that one question is about.
const maxLives = 64

func (q *question) encode() []byte {
	text, err := json.Marshal(q)
	if err != nil {
		panic(err) // it has only fields that JSON has
	}
	return text
}

var errQuestion = errors.New("cluster: a question about a lost node that makes no sense")

func parseQuestion(text []byte) (*question, error) {
	q := &question{}
	if len(text) > 64<<10 || json.Unmarshal(text, q) != nil || !isTag(q.Tag) || len(q.Lives) == 0 || len(q.Lives) > maxLives {
		return nil, errQuestion
	}
	for _, l := range q.Lives {
		if !isInc(l) {
			return nil, errQuestion
		}
	}
	return q, nil
}

// standing is this node's own.
func (t *takeovers) standing(lost Node) standing {
	s := standing{tag: t.cluster.Self().Tag}
	s.Over, _ = t.lists.over(lost) // unreadable: it isn't over here
	if s.Over != notOver {
		return s
	}
	if o := t.find(lost); o != nil {
		o.mu.Lock()
		s.Given = o.given
		o.mu.Unlock()
	}
	if t.cluster.copies == nil {
		s.Have = hasAll
	} else if w := t.cluster.wards.find(lost.Tag); w != nil {
		s.Have, s.Number = w.have(lost.Incarnation)
	}
	return s
}

// standings asks all that can be heard. They come in the order of the ring behind the
// lost node, in which this node has the given place. all is false where somebody
// didn't answer.
func (t *takeovers) standings(lost Node) (others []standing, place int, all bool) {
	ring, own := t.cluster.ring(lost.Tag), t.cluster.Self().Tag
	answers := make([]*standing, len(ring))
	q := &question{Tag: lost.Tag, Lives: []string{lost.Incarnation}, Name: lost.Name}
	ctx, cancel := context.WithTimeout(t.ctx, t.cluster.o.timing.call)
	defer cancel()
	var wg sync.WaitGroup
	for i, n := range ring {
		if n.Tag == own {
			continue
		}
		wg.Go(func() {
			parts, err := t.cluster.request(ctx, n.Tag, kindTakenOver, q.encode())
			s := standing{tag: n.Tag}
			if err == nil && len(parts) == 1 && json.Unmarshal(parts[0], &s) == nil {
				answers[i] = &s
			}
		})
	}
	wg.Wait()
	all = true
	for i, n := range ring {
		switch {
		case n.Tag == own:
			place = len(others)
		case answers[i] == nil:
			all = false
		default:
			others = append(others, *answers[i])
		}
	}
	return others, place, all && t.ctx.Err() == nil
}

// tellStanding answers another node, and looks at once whether something has changed.
func (t *takeovers) tellStanding(_ Node, payload []byte, reply Reply) {
	q, err := parseQuestion(payload)
	if err != nil {
		reply.Done()
		return
	}
	t.cluster.wards.run(func() {
		defer reply.Done()
		lost := Node{Name: q.Name, Tag: q.Tag, Incarnation: q.Lives[0]}
		text, err := json.Marshal(t.standing(lost))
		if err == nil {
			_ = reply.Part(text) // it asks again
		}
		if q.Told {
			if o := t.find(lost); o != nil {
				notify(o.poked)
			}
		}
	})
}

// pokeOthers makes the others look.
func (t *takeovers) pokeOthers(lost Node) {
	q := &question{Tag: lost.Tag, Lives: []string{lost.Incarnation}, Name: lost.Name, Told: true}
	for _, n := range t.cluster.hearing() {
		_ = t.cluster.send(n.Tag, kindTakenOver, q.encode()) // they look by themselves too
	}
}

// listTimeout is how long all lists of a node may take to come.
const listTimeout = 30 * time.Second

var errNotYet = errors.New("cluster: its clients are just being taken over")

// learn keeps the lists that others have of the clients that were taken over.
func (t *takeovers) learn(lost Node, others []standing) error {
	for _, s := range others {
		if s.Over != taken && !s.Given {
			continue
		}
		q := &question{Tag: lost.Tag, Lives: []string{lost.Incarnation}, Name: lost.Name}
		parts, err := t.askLists(t.ctx, s.tag, q)
		if err != nil {
			return err
		}
		commits := make([]Commit, 0, len(parts))
		for _, part := range parts {
			commits = append(commits, t.lists.add(lost, part))
		}
		for _, c := range commits {
			if err := c.Wait(t.ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// askLists asks a node for its lists.
func (t *takeovers) askLists(ctx context.Context, tag string, q *question) ([]*list, error) {
	ctx, cancel := context.WithTimeout(ctx, listTimeout)
	defer cancel()
	parts, err := t.cluster.request(ctx, tag, kindLists, q.encode())
	if err != nil {
		return nil, err
	}
	if len(parts) == 0 || string(parts[0]) != "ready" {
		return nil, errNotYet
	}
	var all []*list
	for _, text := range parts[1:] {
		part, err := parseList(text)
		if err != nil {
			return nil, err
		}
		all = append(all, part)
	}
	return all, nil
}

// tellLists answers: "ready" and all lists, or "wait".
func (t *takeovers) tellLists(from Node, payload []byte, reply Reply) {
	q, err := parseQuestion(payload)
	if err != nil || (q.Back || q.Told) && q.Tag != from.Tag {
		reply.Done()
		return
	}
	t.cluster.wards.run(func() {
		defer reply.Done()
		if q.Back {
			ready, err := t.isReady(q)
			if err != nil {
				return
			}
			if !ready {
				_ = reply.Part([]byte("wait")) // it asks again
				return
			}
		}
		if err := reply.Part([]byte("ready")); err != nil {
			return
		}
		for _, incarnation := range q.Lives {
			lost := Node{Name: q.Name, Tag: q.Tag, Incarnation: incarnation}
			if q.Told {
				err = t.lists.told(lost)
			} else {
				err = t.lists.each(lost, reply.Part)
			}
			if err != nil {
				return
			}
		}
	})
}
