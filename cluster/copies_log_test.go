package cluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"
	"time"
)

func peers(tags ...string) (nodes []Node) {
	for _, tag := range tags {
		nodes = append(nodes, Node{Tag: tag, Incarnation: "1", Hearing: true})
	}
	return nodes
}

func (l *copyLog) put(id, record string) Commit {
	return l.add(len(id)+len(record), func(b []byte) []byte { return appendCopy(b, id, []byte(record)) })
}

// isDone says whether a commit's Wait would return, and how.
func isDone(c Commit) (bool, error) {
	b, waits := c.(*batch)
	if !waits {
		return true, c.Wait(context.Background())
	}
	select {
	case <-b.done:
		return true, b.err
	default:
		return false, nil
	}
}

func wantDone(t *testing.T, what string, c Commit, want bool) {
	t.Helper()
	if got, err := isDone(c); got != want || err != nil {
		t.Errorf("%s: kept %v (%v), want %v", what, got, err, want)
	}
}

// A record is kept when all holders have it; while a holder owes an answer what
// comes is gathered; who replaces a holder gets what the other one lacked.
func TestCopyLog(t *testing.T) {
	var l copyLog
	now := time.Now()
	wantDone(t, "alone", l.put("c0", "x"), true)
	fresh := l.choose(peers("a", "b"), now)
	if len(fresh) != 2 {
		t.Fatalf("%d new holders, want 2", len(fresh))
	}
	a, b := fresh[0], fresh[1]
	first := l.put("c1", "x")
	if got := l.next(a, now); got != nil {
		t.Errorf("a doesn't know of the session, but is sent %v", got)
	}
	a.started, b.started = true, true
	got := l.next(a, now)
	if len(got) != 1 || got[0] != first {
		t.Fatalf("a is sent %d batches, want the first", len(got))
	}
	second, third := l.put("c2", "x"), l.put("c3", "y")
	if second != third {
		t.Error("records that wait aren't gathered")
	}
	if got := l.next(a, now); got != nil {
		t.Error("a owes an answer, but is sent more")
	}
	if got := l.next(b, now); len(got) != 1 || got[0] != first {
		t.Errorf("b is sent %d batches, want the first", len(got))
	}
	l.acknowledged(a, 1, now)
	wantDone(t, "only a has it", first, false)
	l.acknowledged(b, 1, now)
	wantDone(t, "both have it", first, true)
	l.next(a, now)
	l.acknowledged(a, 2, now)
	wantDone(t, "only a has it", second, false)

	// c takes b's place: it gets what b lacked.
	fresh = l.choose(peers("a", "c"), now)
	if len(fresh) != 1 || fresh[0].tag != "c" || l.holder("a") != a {
		t.Fatalf("%d new holders, want c", len(fresh))
	}
	c := fresh[0]
	wantDone(t, "c hasn't it yet", second, false)
	c.started = true
	if got := l.next(c, now); len(got) != 1 || got[0] != second {
		t.Errorf("c is sent %d batches, want the second", len(got))
	}
	l.acknowledged(c, 2, now)
	wantDone(t, "a and c have it", second, true)
	if l.bytes != 0 || l.kept != nil {
		t.Errorf("%d bytes in %d batches are kept for nobody", l.bytes, len(l.kept))
	}

	// Unanswered, it is sent again; at last the holder is given up.
	fourth := l.put("c4", "z")
	l.next(a, now)
	l.acknowledged(a, 3, now)
	l.next(c, now)
	if got := l.next(c, now.Add(2*anew)); len(got) != 1 || got[0] != fourth {
		t.Errorf("%d batches are sent again, want one", len(got))
	}
	if h := l.hopeless(now.Add(copiesPatience / 2)); h != nil {
		t.Errorf("%s is given up too soon", h.tag)
	}
	if h := l.hopeless(now.Add(2 * copiesPatience)); h != c {
		t.Errorf("given up: %v, want c", h)
	}
	l.choose(peers("a"), now)
	wantDone(t, "a alone has it", fourth, true)
	fifth := l.put("c5", "z")
	l.choose(nil, now)
	wantDone(t, "nobody is left", fifth, true)

	// A new incarnation is a new holder.
	l.choose(peers("a"), now)
	again := peers("a")
	again[0].Incarnation = "2"
	if fresh := l.choose(again, now); len(fresh) != 1 {
		t.Error("a new incarnation is taken for the old one")
	}
	last := l.put("c6", "z")
	l.close()
	if ok, err := isDone(last); !ok || !errors.Is(err, errClosed) {
		t.Errorf("closed: %v, %v", ok, err)
	}
	if ok, err := isDone(l.put("c7", "")); !ok || !errors.Is(err, errClosed) {
		t.Errorf("closed: %v, %v", ok, err)
	}
}

// What waits for a holder is bounded: past it the slowest is given up.
func TestCopyLogIsBounded(t *testing.T) {
	var l copyLog
	now := time.Now()
	fresh := l.choose(peers("a", "b"), now)
	a, b := fresh[0], fresh[1]
	a.started, b.started = true, true
	record := string(make([]byte, 100<<10))
	for i := 0; l.bytes <= copiesWaiting; i++ {
		l.put(fmt.Sprint("c", i), record)
		if l.hopeless(now) != nil && l.bytes <= copiesWaiting {
			t.Fatal("somebody is given up too soon")
		}
		for _, batch := range l.next(a, now) {
			if len(batch.records) > copiesAtOnce+len(record) {
				t.Fatalf("a batch of %d bytes", len(batch.records))
			}
			l.acknowledged(a, batch.number, now)
		}
	}
	if h := l.hopeless(now); h != b {
		t.Errorf("given up: %v, want b", h)
	}
	l.choose(peers("a"), now)
	for len(l.next(a, now)) > 0 {
		l.acknowledged(a, a.sent, now)
	}
	if l.bytes != 0 {
		t.Errorf("%d bytes are kept for nobody", l.bytes)
	}
}

func TestCopiedRecords(t *testing.T) {
	b := appendCopy(nil, "c1", []byte("record"))
	b = appendUncopy(b, "c2")
	b = appendCopy(b, "c3", nil)
	var got []string
	if err := eachCopy(b, func(id string, record []byte) { got = append(got, fmt.Sprintf("%s %q %v", id, record, record == nil)) }); err != nil {
		t.Fatal(err)
	}
	if want := `[c1 "record" false c2 "" true c3 "" false]`; fmt.Sprint(got) != want {
		t.Errorf("got %v, want %s", got, want)
	}
	for n := range b {
		whole := 0
		err := eachCopy(b[:n], func(string, []byte) { whole++ })
		if cut := n != 0 && n != 11 && n != 15; cut != (err != nil) {
			t.Errorf("cut off behind %d bytes: %v (%d whole)", n, err, whole)
		}
	}
}

func FuzzCopiedRecords(f *testing.F) {
	f.Add(appendUncopy(appendCopy(nil, "c1", []byte("record")), "c2"))
	f.Add([]byte{opCopy, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})
	f.Add([]byte{opUncopy, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		var again []byte
		err := eachCopy(b, func(id string, record []byte) {
			if record == nil {
				again = appendUncopy(again, id)
			} else {
				again = appendCopy(again, id, record)
			}
		})
		// Lengths may be written longer than they need be.
		if err == nil && (len(again) > len(b) || len(again) == len(b) && !bytes.Equal(again, b)) {
			t.Errorf("%x is read as %x", b, again)
		}
	})
}
