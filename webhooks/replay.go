package webhooks

import (
	"cmp"
	"context"
	"math"
	"slices"

	"gatepost/protocol"
)

// replaysAtOnce is how many clients' letters are replayed at the same time, at
// each endpoint: one that is still down holds up no other's.
const replaysAtOnce = 8

// Replay sends dead letters again, in the background: each with quick tries as
// ever, those of one client in order, close last. A letter that is delivered is
// gone, and its reply is carried out (see SetCarry); one that fails again stays, with its new
// attempts, and so does one for which the backend asks for a long wait: that would
// hold up others'. What is being replayed already isn't begun anew, nor what was
// meant for an endpoint that there is no more.
//
// It returns how many it has begun. An id without a letter is a
// *protocol.Problem 404, and nothing is replayed.
func (d *Dispatcher) Replay(_ context.Context, r protocol.Replay) (int, error) {
	letters, err := d.chosen(r)
	if err != nil {
		return 0, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return 0, &protocol.Problem{Status: 503, Code: protocol.CodeUnavailable, Detail: "the gateway stops"}
	}
	begun := 0
	more := map[string]bool{} // the clients that they are of; true: none of theirs is being replayed yet
	for _, l := range letters {
		if d.replays[l.id] || d.named(l.endpoint) == nil {
			continue
		}
		d.replays[l.id] = true
		row, underWay := d.rows[l.clientID]
		if _, met := more[l.clientID]; !met {
			more[l.clientID] = !underWay
		}
		d.rows[l.clientID] = append(row, l)
		begun++
	}
	clients := map[string][]string{} // by the endpoint of their first
	for client, fresh := range more {
		row := d.rows[client]
		slices.SortFunc(row, inOrder)
		if fresh {
			clients[row[0].endpoint] = append(clients[row[0].endpoint], client)
		}
	}
	for name, those := range clients {
		d.running.Go(func() { d.resend(d.named(name), those) })
	}
	return begun, nil
}

// chosen finds the letters that a replay names.
func (d *Dispatcher) chosen(r protocol.Replay) ([]*entry, error) {
	if r.All {
		letters, _ := d.letters.page("", math.MaxInt32)
		return letters, nil
	}
	letters := make([]*entry, 0, len(r.IDs))
	for _, id := range r.IDs {
		l, ok := d.letters.entry(id)
		if !ok {
			return nil, NoLetter("ids", id)
		}
		letters = append(letters, l)
	}
	return letters, nil
}

// inOrder is the order of one client's letters.
func inOrder(a, b *entry) int { return order(a.typ, a.seq, b.typ, b.seq) }

// order is the order of one client's events: by number, the close last.
func order(a protocol.EventType, aSeq uint64, b protocol.EventType, bSeq uint64) int {
	if c := cmp.Compare(classOf(a)/closes, classOf(b)/closes); c != 0 {
		return c
	}
	return cmp.Compare(aSeq, bSeq)
}

// resend replays clients' letters, a few clients at a time. first is the endpoint
// of each client's first letter.
func (d *Dispatcher) resend(first *endpoint, clients []string) {
	for _, client := range clients {
		select {
		case first.replay <- struct{}{}:
		case <-d.stopping.Done():
			return // with the process: nobody asks any more what is being replayed
		}
		d.running.Go(func() {
			defer func() { <-first.replay }()
			for l := d.nextOf(client); l != nil; l = d.nextOf(client) {
				d.resendOne(l)
			}
		})
	}
}

// nextOf takes the next letter of a client's row; nil: that was the last.
func (d *Dispatcher) nextOf(client string) *entry {
	d.mu.Lock()
	defer d.mu.Unlock()
	row := d.rows[client]
	if len(row) == 0 {
		delete(d.rows, client)
		return nil
	}
	d.rows[client] = row[1:]
	return row[0]
}

func (d *Dispatcher) resendOne(en *entry) {
	persist := d.resendClaimed(en)
	d.unclaim(en) // who sees its new attempt may ask for another at once
	if persist != nil {
		persist()
	}
}

// resendClaimed replays a letter. What it returns writes down that it has failed again;
// nil: there is nothing to write.
func (d *Dispatcher) resendClaimed(en *entry) (persist func()) {
	e := d.named(en.endpoint)
	if e == nil || d.stopping.Err() != nil {
		return nil
	}
	l, err := d.letters.find(d.stopping, en.id)
	if err != nil {
		d.log.Error("a dead letter can't be replayed", "id", en.id, "error", err)
	}
	if l == nil {
		return nil // or dropped meanwhile
	}
	if l.cut {
		d.log.Error("a dead letter can't be replayed: its event was too large to be kept whole", "id", en.id)
		return nil
	}
	reply, attempts := e.redeliver(l)
	if reply == nil {
		persist, _ = d.letters.retried(en.id, attempts)
		return persist
	}
	d.mu.Lock()
	carry := d.carry
	d.mu.Unlock()
	if carry != nil {
		carry(l.event, reply)
	}
	d.letters.drop(en.id) // last: until the reply is carried out it isn't done
	return nil
}

// redeliver sends a letter's event again, however old it is. A nil reply says
// that it failed.
func (e *endpoint) redeliver(l *letter) (*protocol.Reply, []Attempt) {
	j := newJob(newParcel(l.event, "", l.trace))
	j.body, j.terms.perishes, j.terms.replayed = l.body, false, true
	j.past.earlier = max(1, len(l.attempts)) // a repeat, in the share of repeats
	e.run(e.life, j)
	if j.past.ruling != accepted {
		return nil, j.past.failed
	}
	e.delivered.Add(1)
	return j.past.reply, nil
}

func (d *Dispatcher) unclaim(l *entry) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.replays, l.id)
}
