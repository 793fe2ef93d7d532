package gateway

import (
	"encoding/json"
	"slices"
	"strings"

	"gatepost/protocol"
)

// list is one node's part of a list: entries behind a cursor, in the order of their
// keys.
type list[T any] struct {
	Entries []entryOf[T] `json:"entries"`
	// Until is the key up to which this is all that the node has, where it has more
	// than it gives; empty: it has no more.
	Until []byte `json:"until,omitempty"`
}

type entryOf[T any] struct {
	Key   string `json:"key"`
	Value T      `json:"value"`
}

// merge makes one page of the parts of several nodes: at most limit entries in the
// order of keys, and the cursor of the next page, empty at the end. Each key comes
// once; what several nodes have of it is added up.
//
// A node that gives less than it has is known up to a key only, so the page ends
// there: what is on it is whole.
func merge[T any](limit int, parts []list[T], add func(into *T, more T)) (page []entryOf[T], cursor string) {
	if len(parts) == 1 {
		return parts[0].Entries, string(parts[0].Until)
	}
	bound := ""
	for _, part := range parts {
		if until := string(part.Until); until != "" && (bound == "" || until < bound) {
			bound = until
		}
		page = append(page, part.Entries...)
	}
	slices.SortStableFunc(page, func(a, b entryOf[T]) int { return strings.Compare(a.Key, b.Key) })
	n := 0
	for i, e := range page {
		switch {
		case n > 0 && page[n-1].Key == e.Key:
			add(&page[n-1].Value, e.Value)
		case bound != "" && e.Key > bound:
			return page[:n], bound
		case n == limit:
			return page[:n], page[n-1].Key
		default:
			page[n] = page[i]
			n++
		}
	}
	return page[:n], bound
}

// maxListBytes is how much of a list a node gives at once, but for one entry: as
// much memory, for each node, is what a page may cost the node that was asked.
const maxListBytes = 4 << 20

// encode is the list as JSON, as far as it fits into so many bytes.
func (l list[T]) encode(limit int) ([]byte, error) {
	out := []byte(`{"entries":[`)
	for i, e := range l.Entries {
		raw, err := protocol.Marshal(e)
		if err != nil {
			return nil, err
		}
		if i > 0 && len(out)+len(raw) > limit {
			l.Until = []byte(l.Entries[i-1].Key)
			break
		}
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, raw...)
	}
	until, err := json.Marshal(l.Until)
	if err != nil {
		return nil, err
	}
	return append(append(append(out, `],"until":`...), until...), '}'), nil
}

// listOf is a node's part of a list, of its own entries and the cursor that goes
// with them.
func listOf[T, V any](values []V, cursor string, entry func(i int, v V) (key string, value T)) list[T] {
	l := list[T]{Entries: make([]entryOf[T], len(values)), Until: []byte(cursor)}
	for i, v := range values {
		l.Entries[i].Key, l.Entries[i].Value = entry(i, v)
	}
	return l
}

// pageLimit is how many entries a page has at most.
func pageLimit(p protocol.Page) int {
	if p.Limit <= 0 {
		return protocol.DefaultPage
	}
	return min(p.Limit, protocol.MaxPage)
}
