package sqlite

import (
	"hash/maphash"

	"gatepost/store"
)

// known is what there is, by the hashes of keys: in which row, and how large. No write
// has to ask the database what it replaces. It takes some 30 bytes for each.
type known struct {
	seed  maphash.Seed
	rows  map[uint64]place
	last  int64 // the highest row that there is or was
	total store.Sizes
}

// place is a row's id and, in its lower bits, the size of key and value: one word, for
// there are as many as records. The ids last for years of any load; a start begins
// behind the highest that is left.
type place uint64

const sizeBits = 23 // of largest

func newPlace(id int64, size int) place { return place(id)<<sizeBits | place(size) }

func (p place) id() int64 { return int64(p >> sizeBits) }
func (p place) size() int { return int(p & (1<<sizeBits - 1)) }

func newKnown() *known {
	return &known{seed: maphash.MakeSeed(), rows: make(map[uint64]place), total: store.Sizes{}}
}

// id is the row of the record with this key.
func (k *known) id(key string) (id int64, ok bool) {
	p, ok := k.rows[maphash.String(k.seed, key)]
	return p.id(), ok
}

// next is the id of a row that is new.
func (k *known) next() int64 {
	k.last++
	return k.last
}

// put notes that the record with this key, of so many bytes, is in this row.
func (k *known) put(key string, id int64, size int) {
	k.delete(key)
	k.rows[maphash.String(k.seed, key)] = newPlace(id, size)
	k.last = max(k.last, id)
	k.total.Add(key, 1, int64(size))
}

// delete notes that there is none.
func (k *known) delete(key string) {
	hash := maphash.String(k.seed, key)
	if p, ok := k.rows[hash]; ok {
		delete(k.rows, hash)
		k.total.Add(key, -1, -int64(p.size()))
	}
}
