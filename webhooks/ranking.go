package webhooks

import "container/heap"

// rank is a place in a ranking: who holds fewer slots comes first, and among
// equals who was served longest ago.
type rank[T any] struct {
	of    T
	held  int
	turn  uint64
	index int // in the ranking, -1: in none
}

func newRank[T any](of T) rank[T] { return rank[T]{of: of, index: -1} }

// ranking is a heap of those that wait, the next in turn on top.
type ranking[T any] []*rank[T]

func (r ranking[T]) top() (T, bool) {
	if len(r) == 0 {
		var none T
		return none, false
	}
	return r[0].of, true
}

func (r *ranking[T]) enter(e *rank[T]) { heap.Push(r, e) }
func (r *ranking[T]) leave(e *rank[T]) { heap.Remove(r, e.index) }

// moved puts an entry whose held or turn changed into its new place, if it has
// one.
func (r *ranking[T]) moved(e *rank[T]) {
	if e.index >= 0 {
		heap.Fix(r, e.index)
	}
}

// Len, Less, Swap, Push and Pop are container/heap's.

func (r ranking[T]) Len() int { return len(r) }

func (r ranking[T]) Less(i, j int) bool {
	if r[i].held != r[j].held {
		return r[i].held < r[j].held
	}
	return r[i].turn < r[j].turn
}

func (r ranking[T]) Swap(i, j int) {
	r[i], r[j] = r[j], r[i]
	r[i].index, r[j].index = i, j
}

// Push adds an entry of type *rank[T].
func (r *ranking[T]) Push(x any) {
	e := x.(*rank[T])
	e.index = len(*r)
	*r = append(*r, e)
}

// Pop takes the last entry off.
func (r *ranking[T]) Pop() any {
	last := len(*r) - 1
	e := (*r)[last]
	(*r)[last] = nil
	*r = (*r)[:last]
	e.index = -1
	return e
}
