package cluster

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"sync"
)

// Kind says what a name is the name of.
type Kind uint8

// The kinds of names.
const (
	UID Kind = iota + 1
	Group
)

// digest stands for a name in the directory and on the wire: half as large as most
// names with their string headers, without pointers, and two names share one only
// by a collision of SHA-256 cut to 128 bits.
type digest [16]byte

func digestOf(kind Kind, name string) (d digest) {
	var buffer [257]byte // a name has at most 256
	sum := sha256.Sum256(append(append(buffer[:0], byte(kind)), name...))
	copy(d[:], sum[:])
	return d
}

// tableShards is how many locks a table is spread over.
const tableShards = 64

// table says which nodes hold the names of one kind. A node is a slot in it. It
// takes about 32 bytes for a name: see BenchmarkTableMemory.
type table struct {
	shards [tableShards]tableShard
}

type tableShard struct {
	mu    sync.RWMutex
	names map[digest]setID // guarded by mu
	sets  sets             // guarded by mu
}

func newTable() *table {
	t := &table{}
	for i := range t.shards {
		t.shards[i].names = map[digest]setID{}
	}
	return t
}

func (t *table) shard(d digest) *tableShard { return &t.shards[d[0]%tableShards] }

// set says that the node in this slot holds the name, or doesn't. changed, unless
// nil, is called under the shard's lock if that is news.
func (t *table) set(d digest, s slot, present bool, changed func()) {
	sh := t.shard(d)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if sh.set(d, s, present) && changed != nil {
		changed()
	}
}

func (sh *tableShard) set(d digest, s slot, present bool) (changed bool) {
	before, held := sh.names[d]
	after, changed := sh.sets.change(before, held, s, present)
	switch {
	case !changed:
	case after == noSet:
		delete(sh.names, d)
	default:
		sh.names[d] = after
	}
	return changed
}

// holders appends the slots of those that hold the name.
func (t *table) holders(d digest, into []slot) []slot {
	sh := t.shard(d)
	sh.mu.RLock()
	defer sh.mu.RUnlock()
	id, held := sh.names[d]
	if !held {
		return into
	}
	return append(into, sh.sets.all[id].slots...)
}

// count is how many names there are whose holders, in their slots, are as wanted.
func (t *table) count(wanted func([]slot) bool) (n int) {
	for i := range t.shards {
		sh := &t.shards[i]
		sh.mu.RLock()
		for _, s := range sh.sets.all {
			if s.names > 0 && wanted(s.slots) {
				n += s.names
			}
		}
		sh.mu.RUnlock()
	}
	return n
}

// of gives the names in one shard that the node in this slot holds.
func (t *table) of(shard int, s slot) (names []digest) {
	sh := &t.shards[shard]
	sh.mu.RLock()
	defer sh.mu.RUnlock()
	for d, id := range sh.names {
		if slices.Contains(sh.sets.all[id].slots, s) {
			names = append(names, d)
		}
	}
	return names
}

// clear takes the node in this slot off every name.
func (t *table) clear(s slot) {
	for i := range t.shards {
		for _, d := range t.of(i, s) {
			t.set(d, s, false, nil)
		}
	}
}

// slot is a node's number in the tables.
type slot uint16

// self is this node's own slot.
const self slot = 0

type setID uint32

const noSet = ^setID(0)

// sets are the different sets of nodes that hold some name, each kept once: of the
// names of a cluster most have one holder, and all those share one set for each node.
type sets struct {
	all  []slotSet
	ids  map[string]setID // by slots, two bytes each
	free []setID
}

type slotSet struct {
	slots []slot // ascending
	names int    // that have this set
}

// change moves one name from its set (if it has one: held) to that with or without s.
func (x *sets) change(id setID, held bool, s slot, present bool) (after setID, changed bool) {
	var slots []slot
	if held {
		slots = x.all[id].slots
	}
	at, found := slices.BinarySearch(slots, s)
	if found == present {
		return id, false
	}
	var buffer [16]slot
	next := append(buffer[:0], slots...)
	if present {
		next = slices.Insert(next, at, s)
	} else {
		next = slices.Delete(next, at, at+1)
	}
	after = noSet
	if len(next) > 0 {
		after = x.intern(next)
		x.all[after].names++
	}
	if held {
		x.release(id)
	}
	return after, true
}

// intern finds the set with these slots, or makes it.
func (x *sets) intern(slots []slot) setID {
	var buffer [64]byte
	key := buffer[:0]
	for _, s := range slots {
		key = binary.BigEndian.AppendUint16(key, uint16(s))
	}
	if id, ok := x.ids[string(key)]; ok {
		return id
	}
	if x.ids == nil {
		x.ids = map[string]setID{}
	}
	id := setID(len(x.all))
	if n := len(x.free); n > 0 {
		id, x.free = x.free[n-1], x.free[:n-1]
	} else {
		x.all = append(x.all, slotSet{})
	}
	x.all[id] = slotSet{slots: slices.Clone(slots)}
	x.ids[string(key)] = id
	return id
}

// release counts one name less. A set of one node stays, for the next name.
func (x *sets) release(id setID) {
	s := &x.all[id]
	s.names--
	if s.names > 0 || len(s.slots) == 1 {
		return
	}
	var key []byte
	for _, n := range s.slots {
		key = binary.BigEndian.AppendUint16(key, uint16(n))
	}
	delete(x.ids, string(key))
	*s = slotSet{}
	x.free = append(x.free, id)
}
