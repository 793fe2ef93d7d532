package webhooks

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sort"
	"sync"
	"time"

	"gatepost/protocol"
)

// Bounds of dead letters. Past one of the first two the oldest go: those of the
// newest letter's own address, if that fills more than its share.
const (
	maxLetters     = 10_000   // in memory
	maxLetterBytes = 64 << 20 // in memory
	maxKeptLetters = 100_000  // with a Keeper, where the bytes are a quarter of the outbox's
	letterLife     = 14 * 24 * time.Hour
	letterOverhead = 1 << 10 // what a letter weighs beside its event
	// addressShare is which part of the room an address may fill at others' cost.
	addressShare = 4
)

// letters are the dead letters, in the order of their deaths. With a Keeper only
// their names are in memory, and what could not be kept yet.
type letters struct {
	log     *slog.Logger
	leaving *quiet                // letters that had to go
	evicted func(endpoint string) // told of each of them
	keeper  Keeper                // nil: all is in memory
	most    bounds

	mu         sync.Mutex // guards the following
	byID       map[string]*entry
	pile       // all of them
	addrs      map[string]*pile
	ofEndpoint map[string]int    // how many there are
	unkept     map[string]*entry // by id: to be written again
	retry      *time.Timer
	closed     bool
}

// entry is a letter's place in the list.
type entry struct {
	key      string // the time of death, then the id
	id       string
	typ      protocol.EventType
	clientID string
	seq      uint64
	endpoint string
	addr     string // whose share it takes
	diedAt   time.Time
	weight   int64
	own      *pile   // its address's
	letter   *letter // nil where only the Keeper has it
}

func newLetters(cfg Config, log *slog.Logger, evicted func(endpoint string)) *letters {
	ls := &letters{log: log, leaving: newQuiet(log, slog.LevelWarn), evicted: evicted, keeper: cfg.Keeper, most: bounds{maxLetters, maxLetterBytes},
		byID: map[string]*entry{}, addrs: map[string]*pile{}, ofEndpoint: map[string]int{}, unkept: map[string]*entry{}}
	if ls.keeper != nil {
		ls.most = bounds{maxKeptLetters, cfg.OutboxMax / 4}
	}
	ls.retry = time.AfterFunc(time.Hour, ls.writeAgain)
	ls.retry.Stop()
	return ls
}

// keep takes a letter over. One that is there already keeps its place, and gets
// the attempts.
func (ls *letters) keep(l *letter) {
	if persist, ok := ls.retried(l.event.ID, l.attempts); ok {
		persist()
		return
	}
	en := &entry{key: letterKey(l.diedAt, l.event.ID), id: l.event.ID, typ: l.event.Type, clientID: l.event.Data.ClientID, seq: l.event.Data.Seq,
		endpoint: l.endpoint, addr: subscriber(l.event.Data.RemoteAddr), diedAt: l.diedAt, weight: weight(l), letter: l}
	ls.mu.Lock()
	ls.expire(time.Now())
	ls.insert(en)
	ls.shrink(en)
	ls.mu.Unlock()
	ls.write(en, l)
}

// retried adds the attempts of a replay that failed; persist writes that down. false:
// there is no such letter (any more).
func (ls *letters) retried(id string, attempts []Attempt) (persist func(), ok bool) {
	old, err := ls.find(context.Background(), id)
	if old == nil {
		return func() {}, err != nil // it is there, though it can't be read now
	}
	l := *old // others may be reading it
	l.attempts = lastAttempts(l.attempts, attempts)
	ls.mu.Lock()
	en, ok := ls.byID[id]
	if ok {
		more := weight(&l) - en.weight
		ls.bytes += more
		en.own.bytes += more
		en.weight += more
		en.letter = &l
	}
	ls.mu.Unlock()
	if !ok {
		return func() {}, false
	}
	return func() { ls.write(en, &l) }, true
}

// find gives a letter; nil: there is none. An error says that it can't be read.
func (ls *letters) find(ctx context.Context, id string) (*letter, error) {
	ls.mu.Lock()
	ls.expire(time.Now())
	en, ok := ls.byID[id]
	var l *letter
	if ok {
		l = en.letter
	}
	ls.mu.Unlock()
	if !ok || l != nil {
		return l, nil
	}
	l, err := ls.read(ctx, id)
	if err != nil && !ls.has(id) {
		return nil, nil // it went meanwhile
	}
	return l, err
}

func (ls *letters) has(id string) bool {
	_, ok := ls.entry(id)
	return ok
}

// entry gives a letter's place in the list.
func (ls *letters) entry(id string) (*entry, bool) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	ls.expire(time.Now())
	en, ok := ls.byID[id]
	return en, ok
}

// page gives at most limit entries behind the key after (empty: from the first),
// oldest first, and the key of the last one, empty where no more follow.
func (ls *letters) page(after string, limit int) (page []*entry, last string) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	ls.expire(time.Now())
	from := sort.Search(len(ls.order), func(i int) bool { return ls.order[i].key > after })
	to := min(len(ls.order), from+max(0, limit))
	page = slices.Clone(ls.order[from:to])
	if len(page) > 0 && to < len(ls.order) {
		last = ls.order[to-1].key
	}
	return page, last
}

// drop forgets a letter; false: there was none.
func (ls *letters) drop(id string) bool {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	en, ok := ls.byID[id]
	if ok {
		ls.remove(en)
	}
	return ok
}

// count says how many there are for an endpoint.
func (ls *letters) count(endpoint string) int {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	ls.expire(time.Now())
	return ls.ofEndpoint[endpoint]
}

func (ls *letters) insert(en *entry) {
	if ls.addrs[en.addr] == nil {
		ls.addrs[en.addr] = &pile{}
	}
	en.own = ls.addrs[en.addr]
	ls.pile.put(en)
	en.own.put(en)
	ls.byID[en.id] = en
	ls.ofEndpoint[en.endpoint]++
}

// shrink keeps the bounds, now that a letter has come.
func (ls *letters) shrink(came *entry) {
	for ls.over(ls.most, 1) {
		oldest := ls.order[0]
		if came.own.over(ls.most, addressShare) {
			oldest = came.own.order[0]
		}
		ls.evict(oldest, "there is no room for more dead letters: the oldest is gone")
	}
}

// expire drops what is past its life.
func (ls *letters) expire(now time.Time) {
	for len(ls.order) > 0 && now.Sub(ls.order[0].diedAt) > letterLife {
		ls.evict(ls.order[0], "a dead letter is past its 14 days and gone")
	}
}

func (ls *letters) evict(en *entry, why string) {
	ls.remove(en)
	ls.evicted(en.endpoint)
	ls.leaving.say(why, slog.String("endpoint", en.endpoint), slog.String("id", en.id), slog.Time("died_at", en.diedAt))
}

func (ls *letters) remove(en *entry) {
	ls.pile.drop(en)
	en.own.drop(en)
	if len(en.own.order) == 0 {
		delete(ls.addrs, en.addr)
	}
	delete(ls.byID, en.id)
	delete(ls.unkept, en.id)
	if ls.ofEndpoint[en.endpoint]--; ls.ofEndpoint[en.endpoint] == 0 {
		delete(ls.ofEndpoint, en.endpoint)
	}
	if ls.keeper != nil {
		ls.keeper.Delete(LetterPrefix + en.id)
	}
}

// weight is roughly what a letter takes of memory or disk.
func weight(l *letter) int64 {
	w := int64(len(l.body)) + letterOverhead
	for _, a := range l.attempts {
		w += int64(len(a.Answer))
	}
	return w
}

// letterKey orders letters by the time of their death.
func letterKey(diedAt time.Time, id string) string {
	return fmt.Sprintf("%019d %s", max(0, diedAt.UnixNano()), id)
}
