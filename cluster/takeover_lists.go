package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

const (
	listPrefix = "l/" // l/<lost node's tag>/<its incarnation>/…
	// What stands there: expectKey that a takeover is to be made, overKey how it ended,
	// and under the tag of whoever took over clients, and a number, who these were.
	expectKey = "=expected"
	overKey   = "=over"
	// keepLists is how long it is known whose clients were taken over.
	keepLists = 7 * 24 * time.Hour
)

// ending is how a takeover ended.
type ending string

const (
	notOver ending = ""
	taken   ending = "taken"   // the lists say who was taken over
	vacant  ending = "vacant"  // nobody who could be heard knew of any clients
	forgone ending = "forgone" // the node was back before
)

// overRecord is what stands under overKey, and expectRecord under expectKey.
type overRecord struct {
	How ending    `json:"how"`
	At  time.Time `json:"at"`
}

type expectRecord struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// lists is what the State knows of takeovers.
type lists struct{ state State }

func lifePrefix(lost Node) string { return listPrefix + lost.Tag + "/" + lost.Incarnation + "/" }

func (l lists) put(ctx context.Context, key string, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return l.state.Put(key, text).Wait(ctx)
}

// get reads one value; false if there is none.
func (l lists) get(key string, value any) (found bool, err error) {
	err = l.state.Scan(key, func(k string, text []byte) error {
		if k != key {
			return nil
		}
		found = true
		return json.Unmarshal(text, value)
	})
	return found, err
}

// over says how the taking over of a node's clients ended.
func (l lists) over(lost Node) (ending, error) {
	var r overRecord
	_, err := l.get(lifePrefix(lost)+overKey, &r)
	return r.How, err
}

// end writes down that it is over; expect, that it is to be done.
func (l lists) end(ctx context.Context, lost Node, how ending) error {
	if err := l.put(ctx, lifePrefix(lost)+overKey, overRecord{how, time.Now()}); err != nil {
		return err
	}
	return l.state.Delete(lifePrefix(lost) + expectKey).Wait(ctx)
}

func (l lists) expect(ctx context.Context, lost Node) error {
	return l.put(ctx, lifePrefix(lost)+expectKey, expectRecord{lost.Name, lost.Version})
}

// pending gives the nodes whose clients were to be taken over when the process ended.
func (l lists) pending() (nodes []Node, err error) {
	err = l.state.Scan(listPrefix, func(key string, value []byte) error {
		path := strings.Split(key, "/")
		if len(path) != 4 || path[3] != expectKey {
			return nil
		}
		var r expectRecord
		if err := json.Unmarshal(value, &r); err != nil {
			return fmt.Errorf("cluster: %s makes no sense: %w", key, err)
		}
		nodes = append(nodes, Node{Name: r.Name, Version: r.Version, Tag: path[1], Incarnation: path[2]})
		return nil
	})
	return nodes, err
}

// list is clients that one node took over.
type list struct {
	Taker   string   `json:"taker"` // its tag
	Number  int      `json:"number"`
	Clients []string `json:"clients"`
}

func (l lists) add(lost Node, part *list) Commit {
	text, err := json.Marshal(part)
	if err != nil {
		return failed{err}
	}
	return l.state.Put(fmt.Sprintf("%s%s/%08d", lifePrefix(lost), part.Taker, part.Number), text)
}

var errList = errors.New("cluster: a list of clients that makes no sense")

func parseList(text []byte) (*list, error) {
	part := &list{}
	if json.Unmarshal(text, part) != nil || !isTag(part.Taker) || part.Number < 0 {
		return nil, errList
	}
	return part, nil
}

// each calls fn for each list of the clients of a lost node.
func (l lists) each(lost Node, fn func(text []byte) error) error {
	prefix := lifePrefix(lost)
	return l.state.Scan(prefix, func(key string, text []byte) error {
		if strings.HasPrefix(key[len(prefix):], "=") {
			return nil
		}
		return fn(text)
	})
}

// others gives the clients of a lost node that other nodes than this one took over.
func (l lists) others(lost Node, own string) (clients map[string]bool, err error) {
	clients = map[string]bool{}
	err = l.each(lost, func(text []byte) error {
		part, err := parseList(text)
		if err != nil || part.Taker == own {
			return err
		}
		for _, id := range part.Clients {
			clients[id] = true
		}
		return nil
	})
	return clients, err
}

// told forgets the lists of a node that knows them. That it is over stays known.
func (l lists) told(lost Node) error {
	prefix := lifePrefix(lost)
	return l.state.Scan(prefix, func(key string, _ []byte) error {
		if !strings.HasPrefix(key[len(prefix):], "=") {
			l.state.Delete(key)
		}
		return nil
	})
}

// prune forgets what is older than keepLists.
func (l lists) prune(now time.Time) error {
	return l.state.Scan(listPrefix, func(key string, text []byte) error {
		var r overRecord
		prefix, over := strings.CutSuffix(key, overKey)
		if !over || json.Unmarshal(text, &r) == nil && now.Sub(r.At) < keepLists {
			return nil
		}
		return l.state.Scan(prefix, func(key string, _ []byte) error {
			l.state.Delete(key)
			return nil
		})
	})
}
