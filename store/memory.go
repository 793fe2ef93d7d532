package store

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
)

// Memory is a store that survives nothing: what a node has that is told to keep
// nothing. Its methods are those of Store; none of them fails.
type Memory struct {
	mu     sync.Mutex
	values map[string][]byte // guarded by mu
	bytes  map[string]int64  // guarded by mu; by first segment
	keys   map[string]int    // guarded by mu; by first segment
}

// NewMemory makes an empty one.
func NewMemory() *Memory {
	return &Memory{values: map[string][]byte{}, bytes: map[string]int64{}, keys: map[string]int{}}
}

// Put keeps a copy of value under key.
func (m *Memory) Put(key string, value []byte) *Commit {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.drop(key)
	m.values[key] = bytes.Clone(value)
	m.keys[segment(key)]++
	m.bytes[segment(key)] += int64(len(key) + len(value))
	return nothing
}

// Delete forgets key.
func (m *Memory) Delete(key string) *Commit {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.drop(key)
	return nothing
}

// drop needs mu.
func (m *Memory) drop(key string) {
	value, ok := m.values[key]
	if !ok {
		return
	}
	delete(m.values, key)
	m.keys[segment(key)]--
	m.bytes[segment(key)] -= int64(len(key) + len(value))
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
	return m.keys[prefix], m.bytes[prefix]
}

// Largest is that of a Store.
func (m *Memory) Largest() int { return payload - headers - headSize - recordSize("", keyRoom) }

// Health is always nil.
func (m *Memory) Health() error { return nil }

// Close does nothing.
func (m *Memory) Close(context.Context) error { return nil }
