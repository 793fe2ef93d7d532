package store

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
)

// Memory is a store that outlives nothing: what a node has that is told to keep
// nothing. It takes all, and none of its methods fails.
type Memory struct {
	mu     sync.Mutex
	values map[string][]byte // guarded by mu
	sizes  Sizes             // guarded by mu
}

// NewMemory makes an empty one.
func NewMemory() *Memory { return &Memory{values: map[string][]byte{}, sizes: Sizes{}} }

// Put keeps a copy of value under key.
func (m *Memory) Put(key string, value []byte) Commit {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.drop(key)
	m.values[key] = bytes.Clone(value)
	m.sizes.Add(key, 1, int64(len(key)+len(value)))
	return Kept
}

// Delete forgets key.
func (m *Memory) Delete(key string) Commit {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.drop(key)
	return Kept
}

// drop needs mu.
func (m *Memory) drop(key string) {
	if value, ok := m.values[key]; ok {
		delete(m.values, key)
		m.sizes.Add(key, -1, -int64(len(key)+len(value)))
	}
}

// Get gives the value of key, or ErrNotFound.
func (m *Memory) Get(_ context.Context, key string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	value, ok := m.values[key]
	if !ok {
		return nil, ErrNotFound
	}
	return bytes.Clone(value), nil
}

// Scan calls fn for each key with this prefix, in the order of keys.
func (m *Memory) Scan(prefix string, fn func(key string, value []byte) error) error {
	m.mu.Lock()
	values := maps.Clone(m.values)
	m.mu.Unlock()
	for _, key := range slices.Sorted(maps.Keys(values)) {
		if !strings.HasPrefix(key, prefix) {
			continue
		}
		if err := fn(key, values[key]); err != nil {
			return err
		}
	}
	return nil
}

// Size counts the keys of a first segment, as "c/", and their bytes.
func (m *Memory) Size(prefix string) (keys int, bytes int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.sizes.Of(prefix)
}

// Largest is nearly 8 MiB, as with the other engines.
func (m *Memory) Largest() int { return 8<<20 - 8<<10 }

// Health is always nil.
func (m *Memory) Health() error { return nil }

// Close does nothing.
func (m *Memory) Close(context.Context) error { return nil }
