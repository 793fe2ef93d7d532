package store

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// blocks lists the files that hold the messages, oldest first.
func blocks(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(blockDir(filepath.Join(dir, jetstreamDir), streamRoot+"local"), "*.blk"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no blocks in %s: %v", dir, err)
	}
	return files
}

func edit(t *testing.T, name string, change func(b []byte) []byte) {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, change(b), 0o600); err != nil {
		t.Fatal(err)
	}
}

func flipMiddle(b []byte) []byte { b[len(b)/2] ^= 4; return b }

// A damaged log never stops a node: what can be read is kept, the report says
// what was wrong, and the next start finds nothing any more.
func TestDamage(t *testing.T) {
	meta := func(dir, name string) string {
		return filepath.Join(blockDir(filepath.Join(dir, jetstreamDir), streamRoot+"local"), "..", name)
	}
	const written = 2000
	cases := []struct {
		name   string
		damage func(t *testing.T, dir string)
		least  int  // records that must survive
		silent bool // nothing is lost, nothing need be said
	}{
		{"nothing", func(*testing.T, string) {}, written, true},
		{"bit flipped in a block", func(t *testing.T, dir string) { edit(t, blocks(t, dir)[0], flipMiddle) }, written - 100, false},
		{"last block cut off", func(t *testing.T, dir string) {
			edit(t, blocks(t, dir)[0], func(b []byte) []byte { return b[:len(b)-1000] })
		}, written - 100, false},
		{"block emptied", func(t *testing.T, dir string) { edit(t, blocks(t, dir)[0], func([]byte) []byte { return nil }) }, 0, false},
		{"block removed", func(t *testing.T, dir string) { _ = os.Remove(blocks(t, dir)[0]) }, 0, false},
		{"block of noise", func(t *testing.T, dir string) {
			edit(t, blocks(t, dir)[0], func(b []byte) []byte { return []byte(strings.Repeat("noise", len(b)/5)) })
		}, 0, false},
		{"state removed", func(t *testing.T, dir string) {
			_ = os.Remove(filepath.Join(blockDir(filepath.Join(dir, jetstreamDir), streamRoot+"local"), "index.db"))
		}, written, true},
		{"state of noise", func(t *testing.T, dir string) {
			_ = os.WriteFile(filepath.Join(blockDir(filepath.Join(dir, jetstreamDir), streamRoot+"local"), "index.db"), []byte(strings.Repeat("noise", 100)), 0o600)
		}, written, true},
		{"description emptied", func(t *testing.T, dir string) { edit(t, meta(dir, "meta.inf"), func([]byte) []byte { return nil }) }, written, false},
		{"description of noise", func(t *testing.T, dir string) { edit(t, meta(dir, "meta.inf"), flipMiddle) }, written, false},
		{"description removed", func(t *testing.T, dir string) { _ = os.Remove(meta(dir, "meta.inf")) }, written, false},
		{"checksum removed", func(t *testing.T, dir string) { _ = os.Remove(meta(dir, "meta.sum")) }, written, false},
		{"note of noise, last block cut off", func(t *testing.T, dir string) {
			edit(t, filepath.Join(dir, "note"), flipMiddle)
			edit(t, blocks(t, dir)[0], func(b []byte) []byte { return b[:len(b)-1000] })
		}, written - 100, false},
		{"directory replaced by a file", func(t *testing.T, dir string) {
			_ = os.RemoveAll(filepath.Join(dir, jetstreamDir))
			_ = os.WriteFile(filepath.Join(dir, jetstreamDir), []byte("?"), 0o600)
		}, 0, false},
	}
	for _, how := range []string{"closed", "killed"} {
		for _, c := range cases {
			t.Run(how+"/"+c.name, func(t *testing.T) {
				dir := t.TempDir()
				s := open(t, embedded(t, dir))
				for i := range written {
					k := s.Put(fmt.Sprintf("k/%04d", i), []byte(strings.Repeat("v", 200)))
					if i%10 == 9 {
						keep(t, k)
					}
				}
				if how == "killed" {
					copied := killed(t, dir)
					shut(t, s)
					dir = copied
				} else {
					shut(t, s)
				}
				c.damage(t, dir)

				s = open(t, embedded(t, dir))
				report := s.Opened()
				if report.Records < c.least || report.Records != len(content(t, s)) {
					t.Errorf("%d records of %d, want %d at least", report.Records, len(content(t, s)), c.least)
				}
				// After a kill, a write that was cut off was never acknowledged.
				silent := c.silent || how == "killed" && c.name == "last block cut off"
				if !silent && report.Damage == "" {
					t.Error("it says nothing of the damage")
				}
				if silent && report.Damage != "" {
					t.Errorf("it says %s", report.Damage)
				}
				t.Logf("%d records; %s", report.Records, report.Damage)
				keep(t, s.Put("k/new", []byte("new")))
				consistent(t, s)
				want := content(t, s)
				shut(t, s)

				s = open(t, embedded(t, dir))
				if report := s.Opened(); report.Damage != "" {
					t.Errorf("the second start says %s", report.Damage)
				}
				same(t, s, want)
			})
		}
	}
}
