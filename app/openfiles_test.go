package main

import (
	"math"
	"testing"
)

func TestConnectionsFor(t *testing.T) {
	for _, c := range []struct {
		room  int
		files uint64
		want  int
	}{
		{0, 0, 0}, // any number
		{10, 0, 1024 + 64},
		{10_000, math.MaxUint64, 10_064},
		{10, 1 << 20, 1024 + 64},
		{10, 1024, 768 + 32},
		{192, 256, 192 + 8},
		{19_488, 20_000, 19_488 + 64},
	} {
		if got := connectionsFor(c.room, c.files); got != c.want {
			t.Errorf("with room for %d clients and %d files: %d, want %d", c.room, c.files, got, c.want)
		}
	}
}

func TestRoomFor(t *testing.T) {
	for _, c := range []struct {
		configured int
		files      uint64
		want       int
	}{
		{0, 0, 0},
		{0, math.MaxUint64, 0}, // "unlimited"
		{0, 256, 192},
		{0, 1024, 768},
		{0, 20_000, 19_488},
		{10, 0, 10},
		{10, math.MaxUint64, 10},
		{10, 1024, 10},
		{768, 1024, 768},
		{769, 1024, 768},
		{1_000_000_000, 65_536, 65_024},
	} {
		if got := roomFor(c.configured, c.files); got != c.want {
			t.Errorf("with %d configured and %d files: %d, want %d", c.configured, c.files, got, c.want)
		}
	}
}
