package cluster

import "errors"

var errLiving = errors.New("cluster: the copies are those of a later life of the node")

// have says what there is of the clients of a lost incarnation of the node, and how
// new it is. What is left of an earlier life counts as some: it is better than none.
func (w *ward) have(incarnation string) (having, uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.known.Incarnation == "" || w.known.Incarnation > incarnation:
		return hasNothing, 0
	case w.known.Incarnation == incarnation && w.known.Complete:
		return hasAll, w.number
	}
	return hasSome, w.number
}

// freeze lets no more records in, so that those that are here can be taken over, and
// says whether they are all that there were.
func (w *ward) freeze(incarnation string) (all bool, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.known.Incarnation > incarnation {
		return false, errLiving
	}
	w.taking = true
	return w.known.Incarnation == incarnation && w.known.Complete, nil
}

// mayGo says whether the records may go: they are of this life or an earlier one.
func (w *ward) mayGo(incarnation string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.known.Incarnation <= incarnation
}
