package jetstream

import (
	"bytes"
	"strings"
	"testing"
)

func TestRecordsRoundTrip(t *testing.T) {
	cases := []struct {
		op    byte
		key   string
		value string
	}{
		{opPut, "k", ""}, {opPut, "c/1", "value"}, {opDelete, "c/1", ""},
		{opPut, strings.Repeat("k", 300), strings.Repeat("v", 70000)}, {opPut, "\x00\xff", "\x00"},
	}
	m := make([]byte, headSize)
	for _, c := range cases {
		before := len(m)
		m = appendRecord(m, c.op, c.key, []byte(c.value))
		if size := recordSize(c.key, len(c.value)); len(m)-before > size {
			t.Errorf("a record takes %d bytes, more than the %d foretold", len(m)-before, size)
		}
	}
	i := 0
	bad := records(m, func(r record, off, size int) {
		if c := cases[i]; r.op != c.op || string(r.key) != c.key || string(r.value) != c.value {
			t.Errorf("record %d: got %d %.20q %.20q", i, r.op, r.key, r.value)
		}
		i++
	})
	if i != len(cases) || bad != 0 {
		t.Errorf("got %d records and %d bad ones, want %d", i, bad, len(cases))
	}
}

// Any one flipped bit is noticed, and costs no other record.
func TestFlippedBits(t *testing.T) {
	m := make([]byte, headSize)
	writeHead(m, 1, 2)
	m = appendRecord(m, opPut, "a/first", []byte("one"))
	second := len(m)
	m = appendRecord(m, opPut, "b/second", []byte("two"))
	for bit := headSize * 8; bit < second*8; bit++ {
		b := bytes.Clone(m)
		b[bit/8] ^= 1 << (bit % 8)
		bad := records(b, func(r record, _, _ int) {
			if string(r.key) != "b/second" || string(r.value) != "two" {
				t.Errorf("bit %d: record %q = %q was let through", bit, r.key, r.value)
			}
		})
		if bad == 0 {
			t.Errorf("bit %d: not noticed", bit)
		}
	}
	for bit := range headSize * 8 {
		b := bytes.Clone(m)
		b[bit/8] ^= 1 << (bit % 8)
		if _, _, err := readHead(b); err == nil {
			t.Errorf("bit %d of the head: not noticed", bit)
		}
	}
}

// Whatever the bytes, reading them ends, stays inside them, and lets through
// only what this package would have written.
func FuzzRecords(f *testing.F) {
	m := make([]byte, headSize)
	writeHead(m, 7, 8)
	m = appendRecord(m, opPut, "c/1", []byte("value"))
	m = appendRecord(m, opDelete, "c/2", nil)
	f.Add(m)
	f.Add([]byte{})
	f.Add(append(bytes.Clone(m[:headSize]), 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 1))
	f.Fuzz(func(t *testing.T, b []byte) {
		_, _, _ = readHead(b)
		records(b, func(r record, off, size int) {
			if off < headSize || off+size > len(b) {
				t.Fatalf("a record at %d of %d bytes in %d", off, size, len(b))
			}
			if len(r.key) == 0 || r.op != opPut && r.op != opDelete {
				t.Fatalf("let through: %+v", r)
			}
		})
	})
}
