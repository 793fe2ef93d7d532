package webhooks

import (
	"slices"
	"sort"
)

// pile is letters by their keys.
type pile struct {
	order []*kept
	bytes int
}

// over says whether a pile takes more than this part of all the room. One letter
// never does.
func (p *pile) over(part int) bool {
	return len(p.order) > maxLetters/part || p.bytes > maxLetterBytes/part && len(p.order) > 1
}

func (p *pile) put(k *kept) {
	at := len(p.order)
	if at > 0 && k.key < p.order[at-1].key {
		at = p.find(k.key)
	}
	p.order = slices.Insert(p.order, at, k)
	p.bytes += weight(k.Letter)
}

func (p *pile) drop(k *kept) {
	at := p.find(k.key)
	p.order = slices.Delete(p.order, at, at+1)
	p.bytes -= weight(k.Letter)
}

// find is where the key is, or belongs.
func (p *pile) find(key string) int {
	return sort.Search(len(p.order), func(i int) bool { return p.order[i].key >= key })
}
