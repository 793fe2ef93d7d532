package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"time"

	"gatepost/hub"
	"gatepost/protocol"
	"gatepost/store"
)

// Journal keeps, in a store that outlives the process, what the close event of
// each client needs, and the messages that wait when the node ends.
type Journal interface {
	// Put keeps a value under a key, in place of the one before; Delete forgets
	// it. Neither waits: the Commit does. What is asked for first is kept first.
	Put(key string, value []byte) Commit
	Delete(key string) Commit
	// Scan gives every key with this prefix, in the order of keys.
	Scan(prefix string, fn func(key string, value []byte) error) error
}

// Commit is a change to the journal under way.
type Commit = store.Commit

const (
	clientPrefix  = "c/" // c/<client id>: a client whose close isn't finished
	messagePrefix = "m/" // m/<client id>/<seq, 20 digits>: a message that waits
)

// RecordOf names the client whose record is under this key of the Journal; ok is false
// where the key is another's than a client's record.
func RecordOf(key string) (clientID string, ok bool) { return strings.CutPrefix(key, clientPrefix) }

// Records gives the record of each client that is in a journal: scan gives what is
// under a prefix.
func Records(scan func(prefix string, fn func(key string, value []byte) error) error, fn func(clientID string, record []byte) error) error {
	return scan(clientPrefix, func(key string, value []byte) error { return fn(key[len(clientPrefix):], value) })
}

// seqBlock is how many events of a client are made between two changes of its
// journal entry: after a crash its close is numbered above the whole block. The next one
// is asked for once half of it is used, so that nothing waits for a slow journal until
// the other half is used, too.
const seqBlock = 1024

// record is a client as the journal has it.
type record struct {
	UID         string          `json:"uid,omitempty"`
	Groups      []string        `json:"groups,omitempty"`
	Session     json.RawMessage `json:"session,omitempty"`
	RemoteAddr  string          `json:"addr"`
	RemotePort  int             `json:"port"`
	ConnectedAt time.Time       `json:"at"`
	TraceID     string          `json:"trace,omitempty"`
	Path        string          `json:"path"`
	// Node is the node that had the client, empty for the one whose journal this is.
	Node string `json:"node,omitempty"`
	// Seq is above the number of every event that was made; once it ended, the close's own.
	Seq uint64 `json:"seq"`
	// Discards: what is left of its messages is to be dropped.
	Discards bool `json:"discards,omitempty"`
	ending
}

// ending is how and when a client ended; the zero value: it hadn't.
type ending struct {
	Closed   *protocol.CloseInfo `json:"closed,omitempty"`
	ClosedAt time.Time           `json:"closed_at,omitzero"`
}

// readRecord reads a client's record. With an error it is an empty one: that there was
// one says that the client's close is owed.
func readRecord(value []byte) (*record, error) {
	r := &record{}
	if err := json.Unmarshal(value, r); err != nil {
		return &record{}, err
	}
	return r, nil
}

// entry is one client's place in the journal.
type entry struct {
	node     string // that had the client; empty: this one
	mu       sync.Mutex
	kept     bool   // guarded by mu; there is a record
	gone     bool   // guarded by mu; there is none any more and will be none
	ended    bool   // guarded by mu; it says how the client ended, which is the last word
	discards bool   // guarded by mu; it says that the client's messages are dropped
	reserved uint64 // guarded by mu; events below this number may be made, once the record is kept that says so
	reserves Commit // guarded by mu; of that record
	allowed  uint64 // guarded by mu; events below this number may be made
	asks     uint64 // guarded by mu; the event at which more are asked for ahead; 0: none
	commit   Commit // guarded by mu; of the last change
}

// journaled says whether the client's life is kept: where its close goes nowhere,
// nobody would miss it. But messages that are kept as they come need to know whose
// they are.
func (g *Gateway) journaled(c *hub.Client) bool {
	return g.cfg.Journal != nil && (g.events.Wants(protocol.Close, c.Path()) ||
		g.cfg.DurableMessages && g.events.Wants(protocol.Inbound, c.Path()))
}

// begin puts the client on record and waits until that is kept.
func (g *Gateway) begin(ctx context.Context, c *hub.Client, l *lane) error {
	if !g.journaled(c) {
		return nil
	}
	l.entry.mu.Lock()
	if l.entry.gone {
		l.entry.mu.Unlock()
		return errGone
	}
	l.entry.kept = true
	l.entry.reserved, l.entry.allowed, l.entry.asks = seqBlock, seqBlock, seqBlock/2
	commit := g.write(c, &l.entry, ending{})
	l.entry.mu.Unlock()
	err := commit.Wait(ctx)
	if err != nil && ctx.Err() == nil {
		g.stale.Store(true)
	}
	return err
}

// Changed brings the client's record up to date behind a change of its uid,
// groups or session. It doesn't wait.
func (g *Gateway) Changed(c *hub.Client) {
	e := &laneOf(c).entry
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.kept && !e.gone && !e.ended {
		g.write(c, e, ending{})
	}
}

// reserve waits until the record allows an event with this number. It asks for the next
// block before this one is used up.
func (g *Gateway) reserve(c *hub.Client, l *lane, seq uint64) {
	e := &l.entry
	e.mu.Lock()
	if e.kept && !e.gone && (seq >= e.reserved || e.asks > 0 && seq >= e.asks) {
		e.reserved = max(seq, e.reserved) + seqBlock
		e.asks = e.reserved - seqBlock/2
		e.reserves = g.write(c, e, ending{})
	}
	if !e.kept || e.gone || seq < e.allowed {
		e.mu.Unlock()
		return
	}
	commit, upTo := e.reserves, e.reserved
	e.mu.Unlock()
	err := commit.Wait(g.life)
	e.mu.Lock()
	e.allowed = upTo
	e.mu.Unlock()
	if err != nil && g.life.Err() == nil {
		g.stale.Store(true)
		g.log.Error("the journal could not be written; after a crash now this client's close may be numbered too low",
			"client_id", c.ID(), "error", err)
	}
}

// write puts the record as it is now. It needs the entry's mu, so that a later
// state is never overwritten by an earlier one.
func (g *Gateway) write(c *hub.Client, e *entry, end ending) Commit {
	who := c.Identity()
	value, err := json.Marshal(record{
		UID: who.UID, Groups: who.Groups, Session: who.Session,
		RemoteAddr: c.RemoteAddr(), RemotePort: c.RemotePort(), ConnectedAt: c.ConnectedAt(),
		TraceID: c.TraceID(), Path: c.Path(), Node: e.node, Seq: e.reserved, Discards: e.discards, ending: end,
	})
	if err != nil {
		return store.Failed(err)
	}
	e.commit = g.cfg.Journal.Put(clientPrefix+c.ID(), value)
	g.heed(e.commit)
	return e.commit
}

// forget takes the client off the record: its close is finished, or not owed.
func (g *Gateway) forget(c *hub.Client, l *lane) {
	l.entry.mu.Lock()
	defer l.entry.mu.Unlock()
	if l.entry.kept && !l.entry.gone {
		l.entry.commit = g.cfg.Journal.Delete(clientPrefix + c.ID())
	}
	l.entry.gone = true
}

var errNoJournal = errors.New("this node keeps nothing")

// keepClose writes down how the client ended.
func (g *Gateway) keepClose(c *hub.Client, l *lane, o occurrence) Commit {
	l.entry.mu.Lock()
	defer l.entry.mu.Unlock()
	if g.cfg.Journal == nil || l.entry.gone {
		return store.Failed(errNoJournal)
	}
	l.entry.kept, l.entry.ended = true, true
	l.entry.reserved = o.seq
	return g.write(c, &l.entry, ending{o.closed, o.at})
}
