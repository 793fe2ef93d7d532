package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gatepost/protocol"
	"gatepost/test/logs"
	"gatepost/webhooks"
)

// notebook is a Journal in memory, which outlives the gateways of a test.
type notebook struct {
	mu     sync.Mutex
	values map[string][]byte // guarded by mu
	broken error             // guarded by mu
}

func newNotebook() *notebook { return &notebook{values: map[string][]byte{}} }

type written struct{ err error }

func (w written) Wait(context.Context) error { return w.err }

func (n *notebook) Put(key string, value []byte) Commit {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.broken == nil {
		n.values[key] = value
	}
	return written{n.broken}
}

func (n *notebook) Delete(key string) Commit {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.broken == nil {
		delete(n.values, key)
	}
	return written{n.broken}
}

func (n *notebook) Scan(prefix string, fn func(string, []byte) error) error {
	n.mu.Lock()
	values := maps.Clone(n.values)
	n.mu.Unlock()
	for _, key := range slices.Sorted(maps.Keys(values)) {
		if strings.HasPrefix(key, prefix) {
			if err := fn(key, values[key]); err != nil {
				return err
			}
		}
	}
	return nil
}

func (n *notebook) len() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.values)
}

func (n *notebook) breakDown(err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.broken = err
}

// restart gives a gateway that begins with what the journal has.
func restart(t *testing.T, n *notebook, kept ...webhooks.KeptEvent) *fixture {
	t.Helper()
	f := newFixtureWith(t, n)
	begin, err := f.Recover(kept)
	if err != nil {
		t.Fatal(err)
	}
	begin()
	return f
}

// finished waits until the recovered clients are finished, and wants the journal
// empty then.
func (f *fixture) finished(n *notebook) {
	f.t.Helper()
	ctx, cancel := context.WithTimeout(f.t.Context(), 5*time.Second)
	defer cancel()
	if err := f.clients.wait(ctx); err != nil {
		f.t.Fatalf("%d clients are not finished", f.clients.len())
	}
	if left := n.len(); left != 0 {
		f.t.Errorf("%d entries are left in the journal", left)
	}
}

// A process that dies leaves its clients on record; the next one says that they
// were lost: once each, with the last known uid, groups and session, under the id
// that their close would have had anyway, and numbered above all that was sent.
func TestNodeLost(t *testing.T) {
	n := newNotebook()
	f := newFixtureWith(t, n)
	c, s := f.connect()
	s.read()
	for range 3 {
		f.Message(c, text("x"))
	}
	f.waitEvents(4)
	f.wantDo(`{"action":"bind","client_id":"`+c.ID()+`","uid":"u"}`, `{"client_id":"`+c.ID()+`","uid":"u","previous_uid":null}`)
	f.do(`{"action":"join","client_id":"` + c.ID() + `","groups":["b","a"]}`)
	f.do(`{"action":"session","client_id":"` + c.ID() + `","set":{"k":1.0}}`)

	after := restart(t, n)
	ev := after.waitEvents(1)[0]
	after.finished(n)
	d := ev.Data
	if ev.ID != protocol.CloseEventID(c.ID()) || d.Close.Initiator != protocol.ByNodeLost || d.Close.Code != 1006 ||
		*d.UID != "u" || strings.Join(d.Groups, " ") != "a b" || string(d.Session) != `{"k":1.0}` || d.Seq < 4 {
		b, _ := json.Marshal(ev)
		t.Errorf("got %s", b)
	}
	if got := len(after.backend.seen()); got != 1 {
		t.Errorf("%d events", got)
	}
}

// A delivered event stays on record until all is done that its reply asks for: a
// process that dies meanwhile has it delivered again.
func TestRepliesAreCarriedOutBeforeTheirEventIsDone(t *testing.T) {
	f := newFixture(t)
	c, s := f.connect()
	s.read()
	done := make(chan bool, 1)
	f.backend.answer = func(ev *protocol.Event) protocol.Outcome {
		out := accepted(`{"actions":[{"action":"bind","uid":"u"}]}`, ev)
		out.Done = func() { done <- c.Identity().UID == "u" }
		return out
	}
	f.Message(c, text("x"))
	if !<-done {
		t.Error("the event was done before its reply was carried out")
	}
}

// A close that was delivered, and a connect that was refused, leave nothing.
func TestNothingIsLeftOfFinishedClients(t *testing.T) {
	n := newNotebook()
	f := newFixtureWith(t, n)
	c, s := f.connect()
	s.read()
	f.Closed(c, gone)
	f.finished(n)
	f.backend.answer = func(ev *protocol.Event) protocol.Outcome {
		if n.len() != 1 {
			t.Errorf("the client isn't on record before its connect is sent")
		}
		return protocol.Outcome{Verdict: protocol.Refused, Status: 403}
	}
	if _, err := f.Connect(t.Context(), &protocol.Handshake{}); err == nil {
		t.Fatal("not refused")
	}
	f.finished(n)
}

// A node that can't write its journal takes no new clients, since it couldn't
// promise their close; it does again when it can.
func TestJournalThatCantBeWritten(t *testing.T) {
	n := newNotebook()
	f := newFixtureWith(t, n)
	n.breakDown(errors.New("no space left on device"))
	_, err := f.Connect(t.Context(), &protocol.Handshake{})
	var refusal *protocol.Refusal
	if !errors.As(err, &refusal) || refusal.Status != 503 {
		t.Fatalf("got %v", err)
	}
	if got := f.backend.seen(); len(got) != 0 {
		t.Errorf("the backend was asked: %s", got[0].Type)
	}
	n.breakDown(nil)
	f.connect()
}

// stalled is a journal whose changes are never kept, nor refused.
type stalled struct{ *notebook }

func (stalled) Put(string, []byte) Commit { return stalled{} }

func (stalled) Wait(ctx context.Context) error {
	<-ctx.Done()
	return ctx.Err()
}

// A stranger that hangs up before its client is on record is no fault of the journal's,
// and doesn't fill the log.
func TestAClientThatHangsUpWhileItConnects(t *testing.T) {
	f := newFixtureWith(t, stalled{newNotebook()})
	var log logs.Log
	f.log = log.Logger()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := f.Connect(ctx, &protocol.Handshake{}); err == nil {
		t.Fatal("not refused")
	}
	if log.String() != "" {
		t.Errorf("the log says %s", &log)
	}
	if n := f.clients.len(); n != 0 {
		t.Errorf("%d clients are left", n)
	}
}

// What waits when a node drains and its backend is away goes on in order at the
// next start, and the close tells how the client really ended.
func TestDrainKeepsWhatWaits(t *testing.T) {
	n := newNotebook()
	f := newFixtureWith(t, n)
	c, s := f.connect()
	s.read()
	f.backend.answer = func(*protocol.Event) protocol.Outcome { // as webhooks without an outbox
		<-f.life.Done()
		return protocol.Outcome{Verdict: protocol.Aborted}
	}
	for _, m := range []string{"one", "two", "three"} {
		f.Message(c, text(m))
	}
	go func() {
		for {
			if op, _ := s.read(); op == 8 {
				f.Closed(c, gone)
				return
			}
		}
	}()
	if err := f.Drain(t.Context(), 0); err != nil {
		t.Fatal(err)
	}

	after := restart(t, n)
	events := after.waitEvents(4)
	after.finished(n)
	for i, want := range []string{"one", "two", "three"} {
		if ev := events[i]; ev.Data.Seq != uint64(i+1) || string(ev.Data.Message.Payload) != want {
			t.Errorf("event %d: seq %d, %q", i, ev.Data.Seq, ev.Data.Message.Payload)
		}
	}
	last := events[3].Data
	if last.Seq != 4 || last.Close.Code != 1001 || last.Close.Initiator != protocol.ByGateway {
		t.Errorf("the close: seq %d, %+v", last.Seq, last.Close)
	}
}

// An event that the outbox kept comes first, and a message of the journal that is
// the same one isn't sent beside it.
func TestKeptEventsComeFirst(t *testing.T) {
	n := newNotebook()
	f := newFixtureWith(t, n)
	f.cfg.DurableMessages = true
	c, s := f.connect()
	s.read()
	hold := make(chan struct{})
	f.backend.answer = func(ev *protocol.Event) protocol.Outcome { <-hold; return accepted("", ev) }
	for _, m := range []string{"one", "two"} {
		f.Message(c, text(m))
	}
	f.waitEvents(2)
	died := maps.Clone(n.values) // as a kill -9 leaves it
	close(hold)
	n = &notebook{values: died}
	kept := webhooks.KeptEvent{Event: f.backend.seen()[1], Path: "/ws"}

	after := restart(t, n, kept)
	events := after.waitEvents(3)
	after.finished(n)
	if events[0] != kept.Event || string(events[1].Data.Message.Payload) != "two" || events[1].Data.Seq != 2 ||
		events[2].Data.Close == nil || events[2].Data.Close.Initiator != protocol.ByNodeLost || events[2].Data.Seq <= 2 {
		b, _ := json.Marshal(events)
		t.Errorf("got %s", b)
	}
	if got := len(after.backend.seen()); got != 3 {
		t.Errorf("%d events", got)
	}
}

// Events beyond the block that the journal allows move the block first.
func TestNumbersAreReserved(t *testing.T) {
	n := newNotebook()
	f := newFixtureWith(t, n)
	c, s := f.connect()
	s.read()
	f.backend.answer = func(ev *protocol.Event) protocol.Outcome {
		var r record
		n.mu.Lock()
		value := n.values[clientPrefix+c.ID()]
		n.mu.Unlock()
		if json.Unmarshal(value, &r) != nil || r.Seq <= ev.Data.Seq {
			t.Errorf("event %d is sent while the journal allows those below %d", ev.Data.Seq, r.Seq)
		}
		return accepted("", ev)
	}
	for range 2*seqBlock + 1 {
		f.Message(c, text("x"))
	}
	f.waitEvents(2*seqBlock + 2)
}

// hesitant is a journal that keeps what is put while it is slow only once it may go on.
type hesitant struct {
	*notebook
	slow atomic.Bool
	goOn chan struct{}
}

type hesitantly struct {
	Commit
	goOn chan struct{}
}

func (h *hesitant) Put(key string, value []byte) Commit {
	if !h.slow.Load() {
		return h.notebook.Put(key, value)
	}
	return hesitantly{h.notebook.Put(key, value), h.goOn}
}

func (h hesitantly) Wait(ctx context.Context) error {
	select {
	case <-h.goOn:
		return h.Commit.Wait(ctx)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// A disk that stalls holds no event up before the numbers are used up that the client's
// record allows, and those behind it until there are more.
func TestAStalledJournalHoldsNoMessageUp(t *testing.T) {
	h := &hesitant{notebook: newNotebook(), goOn: make(chan struct{})}
	f := newFixtureWith(t, h)
	c, s := f.connect()
	s.read()
	for range seqBlock / 2 {
		f.Message(c, text("x"))
	}
	f.waitEvents(seqBlock/2 + 1)
	h.slow.Store(true)
	const allowed = 2 * seqBlock // as was asked for at the last of these
	for range allowed - seqBlock/2 + 50 {
		f.Message(c, text("x"))
	}
	f.waitEvents(allowed) // with the connect, which is number 0
	events := f.backend.seen()
	if last := events[len(events)-1].Data.Seq; last >= allowed {
		t.Errorf("event %d is sent, and the journal allows those below %d", last, allowed)
	}
	close(h.goOn)
	f.waitEvents(allowed + 51)
}
