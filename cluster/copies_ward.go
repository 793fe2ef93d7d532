package cluster

import (
	"context"
	"encoding/json"
	"sync"
)

const (
	copyPrefix = "p/"        // p/<owner's tag>/<client id>: a record kept for another node
	wardPrefix = "n/copies/" // n/copies/<owner's tag>: that there may be some
)

// ward is a node whose clients' records are kept here.
type ward struct {
	cluster *Cluster
	tag     string

	mu       sync.Mutex
	known    wardRecord     // guarded by mu
	session  epoch          // guarded by mu; zero: none of this process
	number   uint64         // guarded by mu; of the last batch that is here
	acked    uint64         // guarded by mu; of the last one that is kept, too
	catching *catchUp       // guarded by mu; nil: nothing is missing
	taking   bool           // guarded by mu; the records are being taken over, or dropped: no others may come
	answers  []pendingBatch // guarded by mu; in order
	waiting  bool           // guarded by mu; somebody is at work on answers
}

// wardRecord is what the State knows of a ward.
type wardRecord struct {
	Name        string `json:"name"`
	Incarnation string `json:"incarnation"`
	// Complete: all records were here at some moment, and all changes since that came.
	Complete bool `json:"complete"`
}

// catchUp is what is known while all records of a ward come, beside the batches of
// those that change meanwhile.
type catchUp struct {
	newer map[string]struct{} // clients whose record came in a batch: what comes with all records is older
	stale map[string]struct{} // clients of whom there is a record that has not come
	ready chan struct{}       // closed when stale is known
	err   error               // final once ready is closed; why it isn't
}

// pendingBatch is a batch that is acknowledged once it is kept.
type pendingBatch struct {
	session epoch
	number  uint64
	commits []Commit
}

func (w *ward) prefix() string { return copyPrefix + w.tag + "/" }

// save writes down what is known. It needs mu.
func (w *ward) save() Commit {
	text, err := json.Marshal(w.known)
	if err != nil {
		return failed{err}
	}
	return w.cluster.o.State.Put(wardPrefix+w.tag, text)
}

// isBusy says whether what is here must be taken over first, or is just being dropped:
// nothing else may come. orphaned is called for what is left of an earlier life of a
// node that has come back with nothing. It needs mu.
func (w *ward) isBusy(from Node, fresh bool, orphaned func(Node)) bool {
	if earlier := w.known.Incarnation; fresh && earlier != "" && earlier < from.Incarnation && !w.taking {
		orphaned(Node{Name: from.Name, Tag: from.Tag, Version: from.Version, Incarnation: earlier})
		return true
	}
	return w.taking
}

// begin begins a session: what comes now belongs to this incarnation of the node. The
// commit is to be waited for; nil: it is busy.
func (w *ward) begin(ctx context.Context, from Node, session epoch, number uint64, busy func() bool, run func(func())) Commit {
	w.mu.Lock()
	defer w.mu.Unlock()
	if busy() {
		return nil
	}
	w.session, w.number, w.acked = session, number, number
	w.known = wardRecord{Name: from.Name, Incarnation: from.Incarnation}
	c := &catchUp{newer: map[string]struct{}{}, stale: map[string]struct{}{}, ready: make(chan struct{})}
	w.catching = c
	run(func() {
		defer close(c.ready)
		c.err = w.cluster.o.State.Scan(w.prefix(), func(key string, _ []byte) error {
			w.mu.Lock()
			defer w.mu.Unlock()
			id := key[len(w.prefix()):]
			if _, newer := c.newer[id]; !newer {
				c.stale[id] = struct{}{}
			}
			return ctx.Err()
		})
	})
	return w.save()
}

// keep keeps a batch of records, from number first to last, and says what to answer
// at once, if anything: else answer does so when they are kept.
func (w *ward) keep(session epoch, first, last uint64, records []byte) (answer holding, number uint64, now bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.taking || session != w.session:
		return holdsNot, 0, true
	case first > w.number+1 || last <= w.number:
		return holds, w.acked, true // something between was lost, or it is here already
	}
	commits, err := w.put(records, func(id string) bool {
		if w.catching != nil {
			w.catching.newer[id] = struct{}{}
			delete(w.catching.stale, id)
		}
		return true
	})
	if err != nil {
		return holdsNot, 0, true
	}
	w.number = last
	w.answers = append(w.answers, pendingBatch{session, last, commits})
	return holds, 0, false
}

// put writes records down, those that are wanted. It needs mu.
func (w *ward) put(records []byte, wanted func(id string) bool) (commits []Commit, err error) {
	err = eachCopy(records, func(id string, record []byte) {
		switch key := w.prefix() + id; {
		case !wanted(id):
		case record == nil:
			commits = append(commits, w.cluster.o.State.Delete(key))
		default:
			commits = append(commits, w.cluster.o.State.Put(key, record))
		}
	})
	return commits, err
}

// keepAll keeps a part of all records, as far as no batch has brought newer ones.
func (w *ward) keepAll(ctx context.Context, session epoch, records []byte) holding {
	return w.onceCaught(ctx, session, func(c *catchUp) ([]Commit, error) {
		return w.put(records, func(id string) bool {
			delete(c.stale, id)
			_, newer := c.newer[id]
			return !newer
		})
	})
}

// finish ends the coming of all records: what didn't come isn't there any more.
func (w *ward) finish(ctx context.Context, session epoch) holding {
	return w.onceCaught(ctx, session, func(c *catchUp) ([]Commit, error) {
		commits := make([]Commit, 0, len(c.stale)+1)
		for id := range c.stale {
			commits = append(commits, w.cluster.o.State.Delete(w.prefix()+id))
		}
		w.catching, w.known.Complete = nil, true
		return append(commits, w.save()), nil
	})
}

// onceCaught writes something down, under mu, when it is known what is here from before,
// and waits until it is kept.
func (w *ward) onceCaught(ctx context.Context, session epoch, write func(*catchUp) ([]Commit, error)) holding {
	c := w.caught(ctx, session)
	if c == nil {
		return holdsNot
	}
	w.mu.Lock()
	if w.taking || w.catching != c {
		w.mu.Unlock()
		return holdsNot
	}
	commits, err := write(c)
	w.mu.Unlock()
	if err != nil {
		return holdsNot
	}
	return await(ctx, commits)
}

// caught waits until it is known what is here from before; nil if that session is over.
func (w *ward) caught(ctx context.Context, session epoch) *catchUp {
	w.mu.Lock()
	c := w.catching
	if w.session != session {
		c = nil
	}
	w.mu.Unlock()
	if c == nil {
		return nil
	}
	select {
	case <-c.ready:
	case <-ctx.Done():
		return nil
	}
	if c.err != nil {
		return nil
	}
	return c
}

// await waits until all is kept.
func await(ctx context.Context, commits []Commit) holding {
	for _, c := range commits {
		if c.Wait(ctx) != nil {
			return holdsFull
		}
	}
	return holds
}

// answer acknowledges batches, each when it is kept, in order.
func (w *ward) answer(ctx context.Context, acknowledge func(session epoch, number uint64, answer holding)) {
	for {
		w.mu.Lock()
		if len(w.answers) == 0 {
			w.answers, w.waiting = nil, false
			w.mu.Unlock()
			return
		}
		next := w.answers[0]
		w.answers = w.answers[1:]
		w.mu.Unlock()
		result := await(ctx, next.commits)
		w.mu.Lock()
		if result == holds && w.session == next.session {
			w.acked = max(w.acked, next.number)
		}
		w.mu.Unlock()
		acknowledge(next.session, next.number, result)
	}
}
