package webhooks

import (
	"context"
	"errors"
	"strings"
)

// errNothingKept: a Dispatcher without a Keeper can't take over what others kept.
var errNothingKept = errors.New("this node keeps nothing")

// AdoptEvent keeps as one's own what another node has in its outbox under this key.
// The event is to be given to Redeliver as those of KeptEvents are, once the Commit
// says that it is kept. nil: it is a dead letter already, and nothing is to be done.
func (d *Dispatcher) AdoptEvent(key string, value []byte) (*KeptEvent, Commit, error) {
	if d.outbox == nil {
		return nil, nil, errNothingKept
	}
	if d.letters.has(strings.TrimPrefix(key, OutboxPrefix)) {
		return nil, nothing{}, nil
	}
	k, err := readKept(value)
	if err != nil {
		return nil, nil, err
	}
	return k, d.outbox.keeper.Put(key, value), nil
}

// AdoptLetter keeps as one's own a dead letter that another node has under this key.
func (d *Dispatcher) AdoptLetter(key string, value []byte) (Commit, error) {
	if d.outbox == nil {
		return nil, errNothingKept
	}
	return d.letters.adopt(strings.TrimPrefix(key, LetterPrefix), value)
}

// Forget takes a kept event off the record that isn't to be delivered any more. It
// must not be with Redeliver.
func (d *Dispatcher) Forget(k *KeptEvent) {
	if d.outbox != nil {
		d.outbox.keeper.Delete(OutboxPrefix + k.Event.ID)
	}
}

type nothing struct{}

func (nothing) Wait(context.Context) error { return nil }

// adopt takes in a letter that is on record elsewhere.
func (ls *letters) adopt(id string, value []byte) (Commit, error) {
	en, err := readEntry(id, value)
	if err != nil {
		return nil, err
	}
	commit := ls.keeper.Put(LetterPrefix+id, value)
	ls.mu.Lock()
	defer ls.mu.Unlock()
	if _, ok := ls.byID[id]; !ok {
		ls.insert(en)
		ls.shrink(en)
	}
	return commit, nil
}

// readEntry is a letter's place in the list, from what is on record of it.
func readEntry(id string, value []byte) (*entry, error) {
	var head letterRecord
	body, err := splitRecord(value, &head)
	if err != nil {
		return nil, err
	}
	return &entry{key: letterKey(head.DiedAt, id), id: id, typ: head.Type, clientID: head.ClientID, seq: head.Seq,
		endpoint: head.Endpoint, addr: head.Addr, diedAt: head.DiedAt, weight: weight(&letter{body: body, attempts: head.Attempts})}, nil
}
