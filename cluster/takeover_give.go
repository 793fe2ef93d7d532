package cluster

const (
	// takenAtOnce is how many clients are taken over, and listed, at once.
	takenAtOnce = 1000
	// takenBytes bounds their records.
	takenBytes = 4 << 20
)

// takeOver gives this node the clients of the lost one, those that no other node has
// taken over yet. They are listed first: what the lost node reads there, if it comes
// back, it gives up. all is false where there may be more than this node knows.
func (t *takeovers) takeOver(lost Node) (all bool, err error) {
	listed, err := t.lists.others(lost, t.cluster.Self().Tag)
	if err != nil {
		return false, err
	}
	var clients int
	switch {
	case t.cluster.copies != nil:
		clients, all, err = t.takeCopies(lost, listed)
	case t.cluster.o.ReadLost != nil:
		clients, err = t.takeJournal(lost, listed)
		all = true
	default:
		all = true
	}
	if err == nil && clients > 0 {
		t.cluster.metrics.taken.Add(float64(clients))
		t.cluster.log.Warn("cluster: the clients of a lost node are this node's to close now", "node", lost.Name, "clients", clients)
	}
	return all, err
}

// takeCopies takes over the clients of whom there are copies here.
func (t *takeovers) takeCopies(lost Node, listed map[string]bool) (clients int, all bool, err error) {
	w := t.cluster.wards.find(lost.Tag)
	if w == nil {
		return 0, false, nil
	}
	if all, err = w.freeze(lost.Incarnation); err != nil {
		return 0, false, err
	}
	scan := func(fn eachEntry) error {
		return t.cluster.o.State.Scan(w.prefix(), func(key string, record []byte) error {
			id := key[len(w.prefix()):]
			return fn(id, id, record)
		})
	}
	clients, err = t.inParts(lost, listed, scan, func(part []Entry) error {
		copies := make([]Copy, len(part))
		for i, e := range part {
			copies[i] = Copy{ClientID: e.Key, Record: e.Value}
		}
		return t.cluster.host.TakeOver(t.ctx, lost, copies)
	})
	return clients, all, err
}

// takeJournal takes over all that stands in the journal of the lost node.
func (t *takeovers) takeJournal(lost Node, listed map[string]bool) (clients int, err error) {
	scan := func(fn eachEntry) error { return t.cluster.o.ReadLost(t.ctx, lost, fn) }
	return t.inParts(lost, listed, scan, func(part []Entry) error {
		return t.cluster.host.Adopt(t.ctx, lost, part)
	})
}

// eachEntry gets what a lost node left, entry by entry, each with the client whose it is.
type eachEntry = func(clientID, key string, value []byte) error

// inParts gives what scan shows part by part, but for that of clients who are listed
// already; the clients of each part are listed before it is given.
func (t *takeovers) inParts(lost Node, listed map[string]bool, scan func(eachEntry) error, give func([]Entry) error) (clients int, err error) {
	var part []Entry
	var ids []string
	seen := map[string]bool{}
	bytes, parts := 0, 0
	next := func() error {
		if err := t.list(lost, parts, ids); err != nil {
			return err
		}
		if err := give(part); err != nil {
			return err
		}
		part, ids, bytes, parts = nil, nil, 0, parts+1
		return nil
	}
	err = scan(func(id, key string, value []byte) error {
		if listed[id] {
			return nil
		}
		if id != "" && !seen[id] {
			seen[id] = true
			ids = append(ids, id)
		}
		part = append(part, Entry{Key: key, Value: value})
		if bytes += len(value); len(part) < takenAtOnce && bytes < takenBytes {
			return t.ctx.Err()
		}
		return next()
	})
	if err == nil && len(part) > 0 {
		err = next()
	}
	return len(seen), err
}

// list writes down whose clients are this node's now.
func (t *takeovers) list(lost Node, number int, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	return t.lists.add(lost, &list{Taker: t.cluster.Self().Tag, Number: number, Clients: ids}).Wait(t.ctx)
}
