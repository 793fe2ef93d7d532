package sqlite

import (
	"hash/maphash"

	"gatepost/store"
)

// known is what there is, by the hashes of keys: with it no write has to ask the
// database what it replaces. It takes some 30 bytes for each.
type known struct {
	seed  maphash.Seed
	sizes map[uint64]uint32 // of key and value
	total store.Sizes
}

func newKnown() *known {
	return &known{seed: maphash.MakeSeed(), sizes: make(map[uint64]uint32), total: store.Sizes{}}
}

func (k *known) has(key string) bool {
	_, ok := k.sizes[maphash.String(k.seed, key)]
	return ok
}

// put notes that there is a record with this key, of so many bytes.
func (k *known) put(key string, size int) {
	k.delete(key)
	k.sizes[maphash.String(k.seed, key)] = uint32(size)
	k.total.Add(key, 1, int64(size))
}

// delete notes that there is none.
func (k *known) delete(key string) {
	hash := maphash.String(k.seed, key)
	if size, ok := k.sizes[hash]; ok {
		delete(k.sizes, hash)
		k.total.Add(key, -1, -int64(size))
	}
}
