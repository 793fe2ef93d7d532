package store

import (
	"context"
	"errors"
	"testing"
)

func TestMemory(t *testing.T) {
	m := NewMemory()
	value := []byte("one")
	if err := m.Put("a/1", value).Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	value[0] = 'X' // Put has copied it
	m.Put("a/2", []byte("two"))
	m.Put("a/2", []byte("three"))
	m.Put("b/1", nil)
	for range 2 {
		got, err := m.Get(t.Context(), "a/1")
		if err != nil || string(got) != "one" {
			t.Errorf("got %q, %v", got, err)
		}
		got[0] = 'X' // so has Get
	}
	if keys, bytes := m.Size("a/"); keys != 2 || bytes != int64(len("a/1one")+len("a/2three")) {
		t.Errorf("%d keys of %d bytes", keys, bytes)
	}
	m.Delete("a/1")
	m.Delete("a/1")
	if _, err := m.Get(context.Background(), "a/1"); !errors.Is(err, ErrNotFound) {
		t.Errorf("got %v", err)
	}
	var scanned string
	err := m.Scan("", func(key string, value []byte) error { scanned += key + "=" + string(value) + " "; return nil })
	if err != nil || scanned != "a/2=three b/1= " {
		t.Errorf("scanned %q, %v", scanned, err)
	}
	if keys, bytes := m.Size("a/"); keys != 1 || bytes != int64(len("a/2three")) {
		t.Errorf("%d keys of %d bytes", keys, bytes)
	}
}
