package hub

import (
	"slices"
	"strings"

	"gatepost/protocol"
)

// page gathers the entries with the smallest keys behind a cursor, out of any
// number that come in no order, in memory for about two pages.
type page[T any] struct {
	after string // the cursor
	limit int
	full  bool   // limit+1 entries at least are known with keys up to bound
	bound string // keys from here on can't be on the page
	found []entry[T]
}

type entry[T any] struct {
	key   string
	value T
}

func newPage[T any](p protocol.Page) *page[T] {
	limit := p.Limit
	if limit <= 0 {
		limit = protocol.DefaultPage
	}
	return &page[T]{after: p.Cursor, limit: min(limit, protocol.MaxPage)}
}

// offer adds an entry, if it may be on the page. No key may come twice.
func (g *page[T]) offer(key string, value T) {
	if key <= g.after || g.full && key >= g.bound {
		return
	}
	g.found = append(g.found, entry[T]{key, value})
	if len(g.found) >= 2*(g.limit+1) {
		g.cut()
	}
}

// cut keeps the entries of the page, and one more to know that there is one.
func (g *page[T]) cut() {
	slices.SortFunc(g.found, func(a, b entry[T]) int { return strings.Compare(a.key, b.key) })
	if len(g.found) <= g.limit {
		return
	}
	clear(g.found[g.limit+1:])
	g.found = g.found[:g.limit+1]
	g.full, g.bound = true, g.found[g.limit].key
}

// close gives the page in the order of keys, and the cursor of the next, or "" at
// the end.
func (g *page[T]) close() (keys []string, values []T, cursor string) {
	g.cut()
	if len(g.found) > g.limit {
		g.found = g.found[:g.limit]
		cursor = g.found[g.limit-1].key
	}
	for _, e := range g.found {
		keys = append(keys, e.key)
		values = append(values, e.value)
	}
	return keys, values, cursor
}
