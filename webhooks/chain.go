package webhooks

// chain is a list of waiters in the order of their coming, linked through
// themselves: one is in one chain at most.
type chain struct {
	oldest, newest *waiter
	length         int
}

func (c *chain) add(w *waiter) {
	c.length++
	w.chained, w.older = true, c.newest
	if c.newest == nil {
		c.oldest = w
	} else {
		c.newest.newer = w
	}
	c.newest = w
}

// drop takes w out, if it is in.
func (c *chain) drop(w *waiter) {
	if !w.chained {
		return
	}
	c.length--
	if w.older == nil {
		c.oldest = w.newer
	} else {
		w.older.newer = w.newer
	}
	if w.newer == nil {
		c.newest = w.older
	} else {
		w.newer.older = w.older
	}
	w.chained, w.older, w.newer = false, nil, nil
}
