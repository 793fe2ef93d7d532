package jetstream

import (
	"slices"
	"sort"
	"strings"

	"gatepost/store"
)

// place is where a record lies in the log.
type place struct {
	seq       uint64
	off, size uint32
}

// message is what the index knows of one message of the log.
type message struct {
	seq   uint64
	bytes uint32 // on disk
	live  uint32 // records in it that count
}

// overhead is what JetStream adds to a message on the disk: its own header,
// the subject, our one header, a checksum.
const overhead = 128

// bucket holds the keys with one first segment, as "c/".
type bucket struct {
	keys  map[string]place
	bytes int64
}

// index says where each key's record is, and what of the log still counts. It
// takes about 110 bytes for a key of 30, and 16 for each message of the log.
type index struct {
	buckets  map[string]*bucket
	messages []message // in order of seq
	used     int64     // bytes of all messages
	live     int64     // bytes of all records that count
	records  int
}

func newIndex() *index { return &index{buckets: make(map[string]*bucket)} }

func (x *index) get(key string) (place, bool) {
	b := x.buckets[store.Segment(key)]
	if b == nil {
		return place{}, false
	}
	p, ok := b.keys[key]
	return p, ok
}

func (x *index) put(key string, p place) {
	b := x.buckets[store.Segment(key)]
	if b == nil {
		b = &bucket{keys: make(map[string]place)}
		x.buckets[strings.Clone(store.Segment(key))] = b
	}
	if old, ok := b.keys[key]; ok {
		x.forget(b, old)
	}
	b.keys[key] = p
	b.bytes += int64(p.size)
	x.live += int64(p.size)
	x.records++
	if m := x.message(p.seq); m != nil {
		m.live++
	}
}

func (x *index) delete(key string) {
	b := x.buckets[store.Segment(key)]
	if b == nil {
		return
	}
	if old, ok := b.keys[key]; ok {
		x.forget(b, old)
		delete(b.keys, key)
	}
}

func (x *index) forget(b *bucket, p place) {
	b.bytes -= int64(p.size)
	x.live -= int64(p.size)
	x.records--
	if m := x.message(p.seq); m != nil {
		m.live--
	}
}

// append notes a message behind all that are there.
func (x *index) append(seq uint64, payload int) {
	x.messages = append(x.messages, message{seq: seq, bytes: uint32(payload + overhead)})
	x.used += int64(payload + overhead)
}

func (x *index) message(seq uint64) *message {
	if len(x.messages) == 0 || seq < x.messages[0].seq {
		return nil
	}
	// Without gaps, which only damage makes, the place is known.
	if i := seq - x.messages[0].seq; i < uint64(len(x.messages)) && x.messages[i].seq == seq {
		return &x.messages[i]
	}
	i := sort.Search(len(x.messages), func(i int) bool { return x.messages[i].seq >= seq })
	if i == len(x.messages) || x.messages[i].seq != seq {
		return nil
	}
	return &x.messages[i]
}

// dead says how many messages at the front hold nothing that counts, and
// where the first one begins that stays. The last message always stays, so
// that the log never forgets how far it got.
func (x *index) dead() (n int, stays uint64) {
	for n < len(x.messages)-1 && x.messages[n].live == 0 {
		n++
	}
	if n == 0 {
		return 0, 0
	}
	return n, x.messages[n].seq
}

// drop forgets the messages below seq.
func (x *index) drop(seq uint64) {
	n := 0
	for n < len(x.messages) && x.messages[n].seq < seq {
		x.used -= int64(x.messages[n].bytes)
		n++
	}
	x.messages = x.messages[n:]
}

// has says whether the messages are n from first on.
func (x *index) has(first, n uint64) bool {
	return uint64(len(x.messages)) == n && (n == 0 || x.messages[0].seq == first)
}

func (x *index) garbage() int64 { return x.used - x.live }

// keys returns the keys that begin with prefix, in order.
func (x *index) keys(prefix string) []string {
	var keys []string
	x.each(prefix, func(key string, _ place) { keys = append(keys, key) })
	slices.Sort(keys)
	return keys
}

// size counts the keys that begin with prefix and their bytes; cheap if prefix
// is a whole first segment or empty.
func (x *index) size(prefix string) (keys int, bytes int64) {
	if prefix == "" {
		return x.records, x.live
	}
	if store.Segment(prefix) == prefix {
		if b := x.buckets[prefix]; b != nil {
			return len(b.keys), b.bytes
		}
		return 0, 0
	}
	x.each(prefix, func(_ string, p place) { keys, bytes = keys+1, bytes+int64(p.size) })
	return keys, bytes
}

func (x *index) each(prefix string, fn func(key string, p place)) {
	for name, b := range x.buckets {
		if !strings.HasPrefix(name, prefix) && !strings.HasPrefix(prefix, name) {
			continue
		}
		for key, p := range b.keys {
			if strings.HasPrefix(key, prefix) {
				fn(key, p)
			}
		}
	}
}
