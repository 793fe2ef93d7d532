package gateway

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"gatepost/hub"
	"gatepost/protocol"
	"gatepost/test/wait"
)

var errNoRoom = errors.New("no space left on device")

// messages are the numbers of a client's messages in the journal.
func (n *notebook) messages(c *hub.Client) (seqs []uint64) {
	_ = n.Scan(messagePrefix, func(key string, _ []byte) error {
		if id, seq, err := splitMessageKey(key); err == nil && id == c.ID() {
			seqs = append(seqs, seq)
		}
		return nil
	})
	return seqs
}

// durably gives a gateway that records messages, on a journal, and a backend that takes none
// before the gateway's end.
func durably(t *testing.T, j Journal) *fixture {
	f := newFixtureWith(t, j)
	f.cfg.DurableMessages = true
	f.backend.answer = func(ev *protocol.Event) protocol.Outcome {
		if ev.Type == protocol.Inbound {
			return f.aborted(ev)
		}
		return accepted(`{}`, ev)
	}
	return f
}

// Messages that couldn't be recorded are as soon as that is possible, though nothing else is
// written; until then they are counted.
func TestMessagesAreRecordedLater(t *testing.T) {
	n := newNotebook()
	f := durably(t, n)
	c, _ := f.connect()
	leaving, _ := f.connect()
	f.Message(c, text("1"))
	n.breakDown(errNoRoom)
	for i := 2; i <= 5; i++ {
		f.Message(c, text(fmt.Sprint(i)))
	}
	f.Message(leaving, text("bye"))
	f.Closed(leaving, gone)
	wait.For(t, "the count of what isn't recorded", func() bool { return f.recorder.unrecorded() == 5 })
	n.breakDown(nil)
	wait.For(t, "all on record", func() bool { return len(n.messages(c)) == 5 && len(n.messages(leaving)) == 1 })
	wait.For(t, "the count to fall", func() bool { return f.recorder.unrecorded() == 0 })
	f.Message(c, text("6"))
	if got := n.messages(c); len(got) != 6 {
		t.Errorf("%v are on record, want what came later too", got)
	}

	after := restart(t, n)
	after.finished(n)
	var texts []string
	for _, ev := range after.backend.seen() {
		if ev.Data.ClientID == c.ID() && ev.Type == protocol.Inbound {
			texts = append(texts, string(ev.Data.Message.Payload))
		}
	}
	if got := strings.Join(texts, ""); got != "123456" {
		t.Errorf("the next start delivers %q", got)
	}
}

// What is delivered meanwhile leaves nothing on record.
func TestUnrecordedMessagesThatAreDelivered(t *testing.T) {
	n := newNotebook()
	f := newFixtureWith(t, n)
	f.cfg.DurableMessages = true
	c, s := f.connect()
	s.read()
	n.breakDown(errNoRoom)
	for range 3 {
		f.Message(c, text("x"))
	}
	f.waitEvents(4)
	wait.For(t, "their end", func() bool { return laneOf(c).len() == 0 })
	n.breakDown(nil)
	wait.For(t, "nothing more to record", func() bool { return f.recorder.caughtUp() })
	if got := n.messages(c); len(got) != 0 {
		t.Errorf("%v are on record", got)
	}
	f.Message(c, text("y"))
	f.Closed(c, gone)
	f.finished(n)
}

// batched is a journal that keeps what it was asked for when it is told to, or fails all of it and
// is down until it is told that it is up. It sees to it that no message is kept before an
// earlier one of its client.
type batched struct {
	*notebook
	t *testing.T

	mu    sync.Mutex
	down  error
	asked []*asked
}

type asked struct {
	key   string
	value []byte
	done  chan struct{}
	err   error
}

func (a *asked) Wait(ctx context.Context) error {
	select {
	case <-a.done:
		return a.err
	default:
	}
	select {
	case <-a.done:
		return a.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (b *batched) Put(key string, value []byte) Commit {
	if !strings.HasPrefix(key, messagePrefix) {
		return b.notebook.Put(key, value)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.down != nil {
		return written{b.down}
	}
	a := &asked{key: key, value: value, done: make(chan struct{})}
	b.asked = append(b.asked, a)
	return a
}

// end keeps all that was asked for, or fails it.
func (b *batched) end(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.down = err
	for _, a := range b.asked {
		if a.err = err; err == nil {
			b.notebook.Put(a.key, a.value)
			id, seq, _ := splitMessageKey(a.key)
			_ = b.notebook.Scan(messagePrefix+id, func(key string, _ []byte) error { _, seq, _ = splitMessageKey(key); return nil })
			count := 0
			_ = b.notebook.Scan(messagePrefix+id, func(string, []byte) error { count++; return nil })
			if count != int(seq) {
				b.t.Errorf("%d messages are kept, and number %d among them", count, seq)
			}
		}
		close(a.done)
	}
	b.asked = nil
}

// A message that comes as an earlier one has just failed, and the journal is back at once,
// isn't recorded before that.
func TestMessageBehindOneThatHasJustFailed(t *testing.T) {
	b := &batched{notebook: newNotebook(), t: t}
	f := durably(t, b)
	for range 20 {
		c, _ := f.connect()
		f.Message(c, text("1"))
		b.end(errNoRoom)
		b.end(nil)
		f.Message(c, text("2"))
		wait.For(t, "both to be kept", func() bool { b.end(nil); return len(b.messages(c)) == 2 })
	}
}

// However often the journal fails, late or at once, and whatever comes meanwhile: a client's
// messages are kept in sequence, those that failed first.
func TestMessagesAreRecordedInSequence(t *testing.T) {
	b := &batched{notebook: newNotebook(), t: t}
	f := durably(t, b)
	c, _ := f.connect()
	sent := 0
	send := func() {
		sent++
		f.Message(c, text("x"))
	}
	for round := range 5 {
		send()
		send()
		failing := laneOf(c).unrecorded()
		b.end(errNoRoom) // those under way fail
		for range round {
			send() // and these at once
		}
		wait.For(t, "all that failed to be known", func() bool { return laneOf(c).isBehind() && f.recorder.unrecorded() == failing+round })
		b.end(nil)
		send()
		wait.For(t, "all to be kept", func() bool {
			b.end(nil)
			return f.recorder.unrecorded() == 0 && len(b.messages(c)) == sent
		})
		wait.For(t, "later ones to be written at once", func() bool { return !laneOf(c).isBehind() })
	}
	if got := b.messages(c); !slices.IsSorted(got) || len(got) != sent {
		t.Errorf("%v are kept", got)
	}
}
