package demo

import (
	"errors"
	"strconv"
	"testing"
)

func drain(reader chan shown) (numbers []uint64) {
	for {
		select {
		case s, open := <-reader:
			if !open {
				return numbers
			}
			numbers = append(numbers, s.number)
		default:
			return numbers
		}
	}
}

// A new reader sees the last wireKept exchanges, one that comes back what it
// missed, one with an id of another process everything that is kept.
func TestWireReplay(t *testing.T) {
	w := newWire()
	for i := range wireKept + 10 {
		w.publish([]byte(strconv.Itoa(i)))
	}
	for _, c := range []struct {
		lastID string
		want   int
	}{{"", wireKept}, {w.id(40), 2}, {"other-40", wireKept}, {w.run + "-x", wireKept}, {w.id(1 << 60), 0}} {
		reader, err := w.subscribe(c.lastID)
		if err != nil {
			t.Fatal(err)
		}
		got := drain(reader)
		w.unsubscribe(reader)
		if len(got) != c.want {
			t.Errorf("after %q: got %d exchanges, want %d", c.lastID, len(got), c.want)
		}
		if len(got) > 0 && got[len(got)-1] != wireKept+10 {
			t.Errorf("after %q: the last is %d", c.lastID, got[len(got)-1])
		}
	}
}

// A reader that doesn't read is closed, and neither publish nor another reader
// waits for it.
func TestWireDropsASlowReader(t *testing.T) {
	w := newWire()
	slow, _ := w.subscribe("")
	quick, _ := w.subscribe("")
	for range wireWaiting + 1 {
		w.publish([]byte("{}"))
		if len(drain(quick)) != 1 {
			t.Fatal("the quick reader missed an exchange")
		}
	}
	if got := len(drain(slow)); got != wireWaiting {
		t.Errorf("the slow one had %d waiting, want %d", got, wireWaiting)
	}
	if _, open := <-slow; open {
		t.Error("the slow reader is still open")
	}
	w.unsubscribe(slow) // as its handler does; must not close it twice
}

func TestWireBoundsItsReadersAndEndsThem(t *testing.T) {
	w := newWire()
	var readers []chan shown
	for range wireReaders {
		reader, err := w.subscribe("")
		if err != nil {
			t.Fatal(err)
		}
		readers = append(readers, reader)
	}
	if _, err := w.subscribe(""); !errors.Is(err, errTooManyReaders) {
		t.Errorf("one reader too many: got %v", err)
	}
	w.close()
	for _, reader := range readers {
		if _, open := <-reader; open {
			t.Fatal("a reader outlived the wire")
		}
	}
	if _, err := w.subscribe(""); err == nil {
		t.Error("a closed wire took a reader")
	}
}
