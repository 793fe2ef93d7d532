package demo

import (
	"crypto/rand"
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync"
)

const (
	wireKept    = 32 // exchanges shown to a page that has just been opened
	wireWaiting = 64 // exchanges that may wait for one reader
	wireReaders = 64 // streams at once
)

// errTooManyReaders says that wireReaders streams are open, or that the demo is
// stopping.
var errTooManyReaders = errors.New("demo: no room for another stream")

// shown is an encoded exchange and its id in the stream.
type shown struct {
	number uint64
	data   []byte
}

// wire keeps the last exchanges and hands each new one to every reader. It never
// waits for one: a reader whose queue is full is closed, and comes back with the
// id of the last exchange that it saw.
type wire struct {
	run string // tells this process's ids from an earlier one's

	mu      sync.Mutex // guards the following fields
	last    uint64
	kept    []shown // at most wireKept, oldest first
	readers map[chan shown]struct{}
	closed  bool
}

func newWire() *wire {
	return &wire{run: rand.Text()[:8], readers: map[chan shown]struct{}{}}
}

func (w *wire) publish(data []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.last++
	s := shown{number: w.last, data: data}
	if w.kept = append(w.kept, s); len(w.kept) > wireKept {
		w.kept = slices.Delete(w.kept, 0, 1)
	}
	for reader := range w.readers {
		select {
		case reader <- s:
		default:
			w.drop(reader)
		}
	}
}

// subscribe gives a channel that begins with what was kept behind the exchange
// with this id ("" or another process's: all of it). It is closed when the reader
// is too slow or the demo stops.
func (w *wire) subscribe(lastID string) (chan shown, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed || len(w.readers) >= wireReaders {
		return nil, errTooManyReaders
	}
	reader := make(chan shown, wireWaiting)
	after := w.parseID(lastID)
	for _, s := range w.kept { // fits: wireKept is below wireWaiting
		if s.number > after {
			reader <- s
		}
	}
	w.readers[reader] = struct{}{}
	return reader, nil
}

func (w *wire) unsubscribe(reader chan shown) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.drop(reader)
}

// drop needs w.mu.
func (w *wire) drop(reader chan shown) {
	if _, ok := w.readers[reader]; ok {
		delete(w.readers, reader)
		close(reader)
	}
}

func (w *wire) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	for reader := range w.readers {
		w.drop(reader)
	}
}

func (w *wire) id(number uint64) string { return w.run + "-" + strconv.FormatUint(number, 10) }

func (w *wire) parseID(id string) uint64 {
	digits, ours := strings.CutPrefix(id, w.run+"-")
	number, err := strconv.ParseUint(digits, 10, 64)
	if !ours || err != nil {
		return 0
	}
	return number
}
