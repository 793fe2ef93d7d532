package membership

import (
	"errors"
	"slices"
	"time"
)

// Why an incarnation is over.
var (
	ErrClaimed   = errors.New("another incarnation has claimed this one")
	ErrLeft      = errors.New("this incarnation has left")
	ErrNameTaken = errors.New("another process of this name is running")
	ErrLapsed    = errors.New("the lease ended before this incarnation was in")
	ErrForgotten = errors.New("this incarnation is too old to come back after a loss of the bucket")
)

// Config is what an incarnation is made of.
type Config struct {
	Timing      Timing
	Incarnation string        // random: no other ever has it
	Name        string        // of the node
	Random      func() uint64 // for the names of epochs
}

// Member is one incarnation. It isn't safe for concurrent use. Every now is a reading
// of the boot clock, which goes on while the process or the machine is stopped.
type Member struct {
	Config
	table *table
	over  error
	phase phase
	nonce uint64

	lease lease
	epoch epoch
	rival rival

	orphans orphans

	attempts  map[uint64]time.Duration // sending of writes of the own key, by nonce, until one is known to be in
	fresh     bool                     // nobody can have claimed it: its key was never written
	joined    bool                     // it was alive once
	stale     bool                     // there was a gap since the bucket was listed
	leaving   bool
	resigned  bool
	takeovers map[string]*takeover

	ops     []Op
	nextID  uint64
	pending map[uint64]pending
	busy    map[string]bool          // keys that are being written, or read because that failed
	retry   map[string]time.Duration // keys that aren't to be tried before
}

type pending struct {
	Op
	highest uint64 // revision known then
}

// phase is what a member does to get in, at first and after each loss of the bucket.
type phase int

const (
	agreeing  phase = iota // on the epoch
	recalling              // claims that a loss undid
	keying                 // its own key
	listing                // who is there
	naming                 // itself
	serving
)

// New makes the incarnation; nothing is written before the first Tick.
func New(c Config, now time.Duration) *Member {
	m := &Member{Config: c, table: newTable(c.Incarnation), fresh: true, takeovers: map[string]*takeover{}, attempts: map[uint64]time.Duration{},
		pending: map[uint64]pending{}, busy: map[string]bool{}, retry: map[string]time.Duration{}}
	m.lease = lease{acked: now - c.Timing.Memory, unbroken: now, broken: true}
	m.epoch = epoch{past: map[string]bool{}}
	return m
}

// Over is why the incarnation has ended: nil while it hasn't. Nothing may be done by it
// any more, and its clients are another's; the process may begin a new one.
func (m *Member) Over() error { return m.over }

// Ops takes what is to be done since the last call.
func (m *Member) Ops() []Op {
	ops := m.ops
	m.ops = nil
	return ops
}

// Tick lets time pass; to be called at least twice within each Timing.Renew.
func (m *Member) Tick(now time.Duration) {
	m.clock(now)
	if m.over != nil {
		return
	}
	switch m.phase {
	case agreeing:
		m.agree(now)
		return
	case recalling:
		m.recall(now)
		return
	case keying:
		if !m.mayReturn(now) {
			m.probe(now)
			if len(m.attempts) > 0 && m.free(m.key(), now) { // one may have got in
				m.ask(Op{Kind: Read, Key: m.key()})
			}
		}
	case listing:
		m.list(now)
	case naming:
		m.takeName(now)
	case serving:
		if m.stale {
			m.list(now)
		}
	}
	m.renew(now)
	if m.phase == naming || m.phase == serving {
		m.claim(now)
		m.advance(now)
		m.adoptOrphans(now)
		m.purge(now)
	}
}

// Answer takes the result of an operation. Those of before a loss are ignored.
func (m *Member) Answer(id uint64, a Answer, now time.Duration) {
	m.clock(now)
	p, ok := m.pending[id]
	delete(m.pending, id)
	if !ok || m.over != nil {
		return
	}
	switch p.Kind {
	case Write, Purge:
		m.wrote(p, a, now)
	case Read:
		m.done(p.Key, a.Result != OK && a.Result != Missing, now)
		m.read(p, a, now)
	case List:
		m.done(p.Key, a.Result != OK, now)
		if a.Result == OK {
			m.listed(p.AtLeast, a, now)
		}
	case ListStreams:
		m.done(p.Key, a.Result != OK, now)
		if a.Result == OK {
			m.foundStreams(a.Streams)
		}
	case Fence, ReadStream, DeleteStream:
		if t := m.takeovers[p.Stream]; t != nil {
			t.answer(p.Op, a, now, m.Timing)
		}
	}
}

// Saw takes an entry that a watch of this generation brought. Those of one incarnation
// come in order, and those of states but renewals in the order of their revisions; they
// may be late.
func (m *Member) Saw(generation int, e Entry, now time.Duration) {
	m.clock(now)
	if generation == m.epoch.generation && m.over == nil {
		m.apply(e, now)
	}
}

// Watching says which renewals are to be watched, and the generation of the watch: each
// begins with what is there. Every key's change of state is always watched, and the
// keys of names and of the epoch.
func (m *Member) Watching() (generation int, incarnations []string) {
	list := m.table.watch
	if m.rival.id != "" {
		list = append(slices.Clone(list), m.rival.id)
	}
	return m.epoch.generation, list
}

func (m *Member) key() string { return IncarnationKey(m.Incarnation) }

// free says whether a key may be written or read now.
func (m *Member) free(key string, now time.Duration) bool {
	return !m.busy[key] && now >= m.retry[key]
}

// list asks for the whole bucket, no older than what is known of it.
func (m *Member) list(now time.Duration) {
	if m.free("list", now) {
		m.ask(Op{Kind: List, Key: "list", AtLeast: m.table.highest})
	}
}

// done frees a key, for who failed only after a while.
func (m *Member) done(key string, failed bool, now time.Duration) {
	delete(m.busy, key)
	if failed {
		m.retry[key] = now + m.Timing.Retry
	}
}

func (m *Member) ask(op Op) {
	m.nextID++
	op.ID = m.nextID
	if op.Key != "" {
		m.busy[op.Key] = true
	}
	m.pending[op.ID] = pending{op, m.table.highest}
	m.ops = append(m.ops, op)
}

// write asks for a write under the revision known, with a nonce of its own.
func (m *Member) write(key string, r Record, now time.Duration) {
	m.nonce++
	r.Epoch, r.Writer, r.Nonce = m.epoch.id, m.Incarnation, m.nonce
	if key == m.key() {
		m.attempts[m.nonce] = now
	}
	m.ask(Op{Kind: Write, Key: key, Record: r, Expected: m.table.revision(key)})
}

// wrote takes the answer to a write. After any but OK the key is read: "another
// revision" may be that of an earlier try of one's own.
func (m *Member) wrote(p pending, a Answer, now time.Duration) {
	switch {
	case a.Result == OK && a.Revision <= p.highest, a.Result == Conflict && a.Known && a.Revision < p.Expected:
		m.lose(now) // revisions don't go back in one history
		return
	case a.Result == OK:
		if p.Kind == Purge {
			p.Record = m.table.entries[p.Key].Record
			p.Record.State = Purged
		}
		m.done(p.Key, false, now)
		if e := (Entry{p.Key, p.Record, a.Revision}); e.Key == EpochKey {
			m.enter(e, now)
		} else {
			m.apply(e, now)
		}
	default:
		if p.Key == EpochKey && a.Result == Conflict {
			m.refused(now)
		}
		m.retry[p.Key] = now + m.Timing.Retry
		m.ask(Op{Kind: Read, Key: p.Key})
		if a.Result == Unknown && p.Key == m.key() {
			delete(m.busy, p.Key) // a renewal waits for no read: only one under this revision can get in
		}
	}
}

func (m *Member) read(p pending, a Answer, now time.Duration) {
	if p.Key == EpochKey && m.phase == agreeing {
		m.readEpoch(a, now)
		return
	}
	for _, e := range a.Entries {
		m.apply(e, now)
	}
}

// listed takes the whole bucket, as it was at or behind a revision. What is known up to
// there must be in it: else the bucket was rolled back, unnoticed.
func (m *Member) listed(atLeast uint64, a Answer, now time.Duration) {
	found := map[string]uint64{}
	for _, e := range a.Entries {
		found[e.Key] = e.Revision
	}
	for key, known := range m.table.entries {
		if known.Revision <= atLeast && found[key] < known.Revision && known.Record.State != Purged {
			m.lose(now)
			return
		}
	}
	for _, e := range a.Entries {
		if m.apply(e, now); m.over != nil || m.phase == agreeing {
			return
		}
	}
	m.rival.listed, m.stale = atLeast, false
	switch m.phase {
	case recalling:
		m.epoch.recalled = true
	case listing:
		m.phase = naming
	}
	m.sifted(now)
}

// apply takes an entry that was once in the bucket, from wherever.
func (m *Member) apply(e Entry, now time.Duration) {
	if e.Key == EpochKey && m.phase != agreeing && m.epoch.foreign(e.Record.Epoch) {
		m.lose(now)
		return
	}
	if !m.table.put(e, now) {
		return
	}
	switch {
	case e.Key == m.key():
		m.sawOwn(e, now)
	case isIncarnation(e.Key):
		m.sawTakeover(e, now)
		m.sawRival(e)
	}
}

func (m *Member) end(why error) {
	m.over, m.ops = why, nil
	clear(m.pending)
}
