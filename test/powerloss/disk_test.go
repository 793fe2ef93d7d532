package powerloss

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"testing"
	"time"
)

// sector is what a disk writes whole or not at all.
const sector = 512

// Disk is a disk with a volatile write cache.
type Disk struct {
	mu      sync.Mutex
	now     []byte       // guarded by mu; what a read finds
	kept    []byte       // guarded by mu; what was flushed
	dirty   map[int]bool // guarded by mu; the sectors in which they may differ
	off     bool         // guarded by mu; the power is cut
	flushes int          // guarded by mu
}

// NewDisk is a disk with these contents, all of them kept.
func NewDisk(contents []byte) *Disk {
	return &Disk{now: contents, kept: bytes.Clone(contents), dirty: map[int]bool{}}
}

// Size is in bytes.
func (d *Disk) Size() int { return len(d.now) }

// ReadAt fills p from an offset, and says whether the disk is on.
func (d *Disk) ReadAt(p []byte, at int) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	copy(p, d.now[at:])
	return !d.off
}

// WriteAt writes whole sectors; through says that they are flushed at once.
func (d *Disk) WriteAt(p []byte, at int, through bool) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.off {
		return false
	}
	copy(d.now[at:], p)
	for s := at / sector; s*sector < at+len(p); s++ {
		d.dirty[s] = true
	}
	if through {
		copy(d.kept[at:], p)
		for s := at / sector; s*sector < at+len(p); s++ {
			delete(d.dirty, s)
		}
	}
	return true
}

// Flush keeps all that was written before.
func (d *Disk) Flush() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.off {
		return false
	}
	for s := range d.dirty {
		copy(d.kept[s*sector:(s+1)*sector], d.now[s*sector:])
	}
	clear(d.dirty)
	d.flushes++
	return true
}

// Loss is what becomes of the sectors that weren't flushed.
type Loss int

// The losses, from the worst that a disk may do to the best.
const (
	LoseAll Loss = iota
	LoseSome
	LoseNone // a crash of the system, on a disk that goes on
	losses
)

func (l Loss) String() string { return [...]string{"all", "some", "none"}[l] }

// Cut is the contents after a power cut now, and when that is. The disk goes on.
func (d *Disk) Cut(loss Loss) ([]byte, time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	at := time.Now()
	return d.cut(loss), at
}

func (d *Disk) cut(loss Loss) []byte {
	left := bytes.Clone(d.kept)
	for s := range d.dirty {
		if loss == LoseNone || loss == LoseSome && rand.N(2) == 0 {
			copy(left[s*sector:(s+1)*sector], d.now[s*sector:])
		}
	}
	return left
}

// Off is Cut after which the disk takes nothing more. It says when that was.
func (d *Disk) Off(loss Loss) ([]byte, time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.off = true
	at := time.Now()
	return d.cut(loss), at
}

// Flushes is how often the machine has flushed the disk.
func (d *Disk) Flushes() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.flushes
}

// save writes contents to a file, with holes where they are empty.
func save(contents []byte, file string) error {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	defer f.Close()
	const piece = 64 << 10
	empty := make([]byte, piece)
	for at := 0; at < len(contents); at += piece {
		part := contents[at:min(at+piece, len(contents))]
		if bytes.Equal(part, empty[:len(part)]) {
			continue
		}
		if _, err := f.WriteAt(part, int64(at)); err != nil {
			return err
		}
	}
	return f.Truncate(int64(len(contents)))
}

// A power cut takes what wasn't flushed, and nothing else.
func TestDisk(t *testing.T) {
	full := func(b byte) []byte { return bytes.Repeat([]byte{b}, sector) }
	d := NewDisk(make([]byte, 4*sector))
	d.WriteAt(full(1), 0, false)
	d.Flush()
	d.WriteAt(full(2), sector, true)
	d.WriteAt(full(3), 0, false)
	d.WriteAt(full(4), 2*sector, false)

	want := func(loss Loss, first, second, third byte) {
		t.Helper()
		if got, _ := d.Cut(loss); !bytes.Equal(got, bytes.Join([][]byte{full(first), full(second), full(third), full(0)}, nil)) {
			t.Errorf("losing %s leaves %d %d %d", loss, got[0], got[sector], got[2*sector])
		}
	}
	want(LoseAll, 1, 2, 0)
	want(LoseNone, 3, 2, 4)
	seen := map[string]bool{}
	for range 200 {
		got, _ := d.Cut(LoseSome)
		seen[fmt.Sprint(got[0], got[sector], got[2*sector])] = true
	}
	if len(seen) != 4 || !seen["1 2 4"] || !seen["3 2 0"] {
		t.Errorf("losing some leaves %v", seen)
	}
	if _, _ = d.Off(LoseAll); d.WriteAt(full(5), 0, true) || d.Flush() {
		t.Error("a disk without power takes writes")
	}
}
