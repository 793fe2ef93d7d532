package webhooks

import (
	"slices"
	"sort"
)

// pile is letters by their keys.
type pile struct {
	order []*entry
	bytes int64
}

// bounds is how many letters there may be, and how much they may take.
type bounds struct {
	letters int
	bytes   int64
}

// over says whether a pile takes more than this part of the bounds. One letter
// never does.
func (p *pile) over(b bounds, part int) bool {
	return len(p.order) > b.letters/part || p.bytes > b.bytes/int64(part) && len(p.order) > 1
}

func (p *pile) put(en *entry) {
	at := len(p.order)
	if at > 0 && en.key < p.order[at-1].key {
		at = p.find(en.key)
	}
	p.order = slices.Insert(p.order, at, en)
	p.bytes += en.weight
}

func (p *pile) drop(en *entry) {
	at := p.find(en.key)
	p.order = slices.Delete(p.order, at, at+1)
	p.bytes -= en.weight
}

// find is where the key is, or belongs.
func (p *pile) find(key string) int {
	return sort.Search(len(p.order), func(i int) bool { return p.order[i].key >= key })
}
