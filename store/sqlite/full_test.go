//go:build linux

package sqlite

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"gatepost/store"
	"gatepost/test/storetest"
	"gatepost/test/wait"
)

// smallDisk is a file system of its own with the given size.
func smallDisk(t *testing.T, size string) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+size); err != nil {
		t.Skipf("mounting a small tmpfs needs privileges that this run hasn't: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	return dir
}

// fill takes all room but about left bytes.
func fill(t *testing.T, dir string, left int64) string {
	t.Helper()
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, "filler")
	if err := os.WriteFile(name, make([]byte, max(int64(st.Bavail)*st.Bsize-left, 0)), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// Where puts are made one after the other without a wait, none is kept behind one that
// finds the disk full: not with what the ballast leaves, either.
func TestNoPutIsKeptBehindOneThatFails(t *testing.T) {
	dir := smallDisk(t, "24m")
	s := open(t, in(t, filepath.Join(dir, "store")))
	fill(t, dir, 1<<20)
	commits := make([]store.Commit, 400)
	for i := range commits {
		commits[i] = s.Put(fmt.Sprintf("k/%03d", i), make([]byte, 8<<10))
		if i%10 == 9 {
			time.Sleep(100 * time.Microsecond) // several groups
		}
	}
	failed := -1
	for i, c := range commits {
		switch err := c.Wait(t.Context()); {
		case err == nil && failed >= 0:
			t.Fatalf("put %d failed, and %d was kept", failed, i)
		case err != nil && failed < 0:
			failed = i
		}
	}
	if failed <= 0 {
		t.Errorf("the first that failed is %d", failed)
	}
}

// A disk that fills up at a random moment, and has room again: what was kept is there,
// what failed isn't, deletes go through while it is full, and all ends by itself; also
// where the process dies and starts meanwhile.
func TestDiskFullAtRandom(t *testing.T) {
	rounds := seeds(6)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	dir := smallDisk(t, "32m")
	o := in(t, filepath.Join(dir, "store"))
	s := open(t, o)
	want := map[string]string{}
	put := func(i int) error {
		key, value := fmt.Sprintf("k/%05d", i), strings.Repeat("v", 100+r.IntN(20_000))
		err := s.Put(key, []byte(value)).Wait(t.Context())
		if err == nil {
			want[key] = value
		}
		return err
	}
	next := 0
	for range rounds {
		for range r.IntN(50) {
			if err := put(next); err != nil {
				t.Fatal(err)
			}
			next++
		}
		filler := fill(t, dir, int64(r.IntN(300<<10)))
		var err error
		for i := 0; err == nil && i < 5000; i++ {
			err = put(next)
			next++
		}
		if !errors.Is(err, store.ErrFull) || !errors.Is(s.Health(), store.ErrFull) {
			t.Fatalf("got %v, health says %v, want ErrFull", err, s.Health())
		}
		restarted := r.IntN(3) == 0
		if restarted {
			storetest.Shut(t, s)
			s = open(t, o)
		}
		for key := range want {
			if r.IntN(3) > 0 {
				continue
			}
			if err := s.Delete(key).Wait(t.Context()); err != nil {
				t.Fatalf("a delete while the disk is full: %v", err)
			}
			delete(want, key)
		}
		storetest.Same(t, s, want)
		if err := os.Remove(filler); err != nil {
			t.Fatal(err)
		}
		wait.For(t, "healthy again", func() bool { return s.Health() == nil })
		if err := put(next); err != nil {
			t.Fatalf("after it: %v", err)
		}
		next++
		storetest.Same(t, s, want)
		for key := range want { // there is room for so much only
			if len(want) < 100 {
				break
			}
			storetest.Keep(t, s.Delete(key))
			delete(want, key)
		}
	}
	storetest.Shut(t, s)
	s = open(t, o)
	if d := s.Opened().Damage; d != "" {
		t.Errorf("damage: %s", d)
	}
	storetest.Same(t, s, want)
}

// A directory without room or leave to write is refused at the start, by name.
func TestRefusedAtStart(t *testing.T) {
	t.Run("full", func(t *testing.T) {
		disk := smallDisk(t, "4m")
		fill(t, disk, 10<<10)
		refused(t, filepath.Join(disk, "store"))
	})
	t.Run("read-only", func(t *testing.T) {
		disk := smallDisk(t, "16m")
		dir := filepath.Join(disk, "store")
		storetest.Shut(t, open(t, in(t, dir)))
		if err := syscall.Mount("", disk, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
			t.Skipf("can't mount read-only: %v", err)
		}
		refused(t, dir)
	})
	t.Run("a file", func(t *testing.T) {
		name := filepath.Join(t.TempDir(), "store")
		if err := os.WriteFile(name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		refused(t, name)
	})
}

func refused(t *testing.T, dir string) {
	t.Helper()
	s, err := Open(in(t, dir))
	if err == nil {
		_ = s.Close(t.Context())
		t.Fatal("opened")
	}
	if !strings.Contains(err.Error(), dir) {
		t.Errorf("%q doesn't name the directory", err)
	}
	t.Log(err)
}
