package webhooks

import (
	"context"
	"fmt"
	"log/slog"
	"time"
)

const (
	// writeAgainAfter is the wait before letters are written again that could not be
	// kept.
	writeAgainAfter = 10 * time.Second
	// lastWrites bounds the writing of these when the process ends.
	lastWrites = 2 * time.Second
)

// open reads the names of the letters that the Keeper has.
func (ls *letters) open() error {
	if ls.keeper == nil {
		return nil
	}
	ls.mu.Lock()
	defer ls.mu.Unlock()
	err := ls.keeper.Scan(LetterPrefix, func(key string, value []byte) error {
		id := key[len(LetterPrefix):]
		en, err := readEntry(id, value)
		if err != nil {
			ls.log.Error("a dead letter can't be read; it is passed over", "id", id, "error", err)
			return nil
		}
		ls.insert(en)
		ls.shrink(en)
		return nil
	})
	return err
}

// read gets a letter from the Keeper.
func (ls *letters) read(ctx context.Context, id string) (*letter, error) {
	ctx, done := context.WithTimeout(ctx, keepWithin)
	defer done()
	value, err := ls.keeper.Get(ctx, LetterPrefix+id)
	if err != nil {
		return nil, fmt.Errorf("read dead letter %s: %w", id, err)
	}
	var head letterRecord
	body, err := splitRecord(value, &head)
	if err != nil {
		return nil, fmt.Errorf("read dead letter %s: %w", id, err)
	}
	ev, err := envelope(body)
	if err != nil {
		return nil, fmt.Errorf("read dead letter %s: %w", id, err)
	}
	return &letter{event: ev, body: body, trace: head.Trace, endpoint: head.Endpoint, reason: head.Reason,
		attempts: head.Attempts, diedAt: head.DiedAt, cut: head.Cut}, nil
}

// write has an entry's letter kept, and takes its event out of the outbox then.
// What can't be kept stays in memory, and in the outbox if it is there, and is
// written again later.
func (ls *letters) write(en *entry, l *letter) {
	if ls.keeper == nil {
		return
	}
	err := ls.store(en, l)
	ls.mu.Lock()
	defer ls.mu.Unlock()
	if ls.byID[en.id] != en {
		ls.keeper.Delete(LetterPrefix + en.id) // it went meanwhile
		return
	}
	if err == nil {
		if en.letter == l {
			en.letter = nil
		}
		delete(ls.unkept, en.id)
		return
	}
	if len(ls.unkept) == 0 && !ls.closed {
		ls.retry.Reset(writeAgainAfter)
		ls.log.Error("a dead letter can't be kept; it stays in memory until it can", "id", en.id, "error", err)
	}
	ls.unkept[en.id] = en
	if len(ls.unkept) > maxLetters {
		ls.evict(en, "dead letters can't be kept, and there are too many for the memory: it is gone")
	}
}

func (ls *letters) store(en *entry, l *letter) error {
	value, err := ls.fit(en, l)
	if err != nil {
		return err
	}
	ctx, done := context.WithTimeout(context.Background(), keepWithin)
	defer done()
	if err := ls.keeper.Put(LetterPrefix+en.id, value).Wait(ctx); err != nil {
		return err
	}
	ls.keeper.Delete(OutboxPrefix + en.id)
	return nil
}

// fit is a letter as it is kept: whole, if the Keeper takes that; else without the
// answers to its attempts; else without the contents of its event.
func (ls *letters) fit(en *entry, l *letter) ([]byte, error) {
	head := letterRecord{Version: recordVersion, Type: en.typ, ClientID: en.clientID, Seq: en.seq, Addr: en.addr, Endpoint: l.endpoint,
		Trace: l.trace, Reason: l.reason, DiedAt: l.diedAt, Attempts: l.attempts, Cut: l.cut}
	value, err := joinRecord(head, l.body)
	most := ls.keeper.Largest()
	if err != nil || len(value) <= most {
		return value, err
	}
	head.Attempts = withoutAnswers(l.attempts)
	if value, err = joinRecord(head, l.body); err != nil || len(value) <= most {
		return value, err
	}
	body, err := encode(l.event)
	if err != nil {
		return nil, err
	}
	ls.leaving.say("a dead letter is too large to be kept: the contents of its event are cut off, and it can't be replayed",
		slog.String("endpoint", en.endpoint), slog.String("id", en.id), slog.Int("bytes", len(value)))
	head.Cut = true
	return joinRecord(head, body)
}

// writeAgain is the retry timer's.
func (ls *letters) writeAgain() { ls.writeUnkept(time.Now().Add(time.Hour)) }

func (ls *letters) writeUnkept(until time.Time) {
	for _, en := range ls.waitingForKeeper() {
		if time.Now().After(until) {
			break
		}
		ls.mu.Lock()
		l := en.letter
		ls.mu.Unlock()
		if l != nil {
			ls.write(en, l)
		}
	}
	ls.mu.Lock()
	defer ls.mu.Unlock()
	if len(ls.unkept) > 0 && !ls.closed {
		ls.retry.Reset(writeAgainAfter)
	}
}

func (ls *letters) waitingForKeeper() []*entry {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	all := make([]*entry, 0, len(ls.unkept))
	for _, en := range ls.unkept {
		all = append(all, en)
	}
	return all
}

// close makes a last try to write what could not be kept.
func (ls *letters) close() {
	ls.mu.Lock()
	ls.closed = true
	ls.retry.Stop()
	ls.mu.Unlock()
	ls.leaving.close()
	if ls.keeper == nil {
		return
	}
	ls.writeUnkept(time.Now().Add(lastWrites))
	if left := len(ls.waitingForKeeper()); left > 0 {
		ls.log.Error("dead letters that could not be kept end with this process", "letters", left)
	}
}
