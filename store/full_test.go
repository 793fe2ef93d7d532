//go:build linux

package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
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
	if err := os.WriteFile(name, make([]byte, int64(st.Bavail)*st.Bsize-left), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// A full disk under a running store: no write is kept and said to be, nothing
// that was kept is lost, health says why, and it ends by itself.
func TestDiskFullWhileRunning(t *testing.T) {
	dir := smallDisk(t, "48m")
	s := open(t, embedded(t, filepath.Join(dir, "store")))
	want := make(map[string]string)
	put := func(i int) error {
		key, value := fmt.Sprintf("k/%06d", i), strings.Repeat("v", 10000)
		err := s.Put(key, []byte(value)).Wait(t.Context())
		if err == nil {
			want[key] = value
		}
		return err
	}
	for i := range 50 {
		if err := put(i); err != nil {
			t.Fatal(err)
		}
	}
	filler := fill(t, dir, 600<<10)
	var err error
	for i := 1000; err == nil && i < 2000; i++ {
		err = put(i)
	}
	if !errors.Is(err, ErrFull) {
		t.Fatalf("got %v, want ErrFull", err)
	}
	if err := s.Health(); !errors.Is(err, ErrFull) {
		t.Errorf("health says %v, want ErrFull", err)
	}
	if err := s.Put("k/down", nil).Wait(t.Context()); !errors.Is(err, ErrFull) {
		t.Errorf("while down: %v, want ErrFull", err)
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	eventually(t, "healthy again", func() bool { return s.Health() == nil })
	if err := put(3000); err != nil {
		t.Fatalf("after recovery: %v", err)
	}
	same(t, s, want)
	consistent(t, s)
	shut(t, s)
	s = open(t, embedded(t, filepath.Join(dir, "store")))
	if d := s.Opened().Damage; d != "" {
		t.Errorf("damage: %s", d)
	}
	same(t, s, want)
}

// A directory without room or leave to write is refused at the start, by name.
func TestRefusedAtStart(t *testing.T) {
	t.Run("full", func(t *testing.T) {
		disk := smallDisk(t, "4m")
		fill(t, disk, 100<<10)
		refused(t, filepath.Join(disk, "store"))
	})
	t.Run("read-only", func(t *testing.T) {
		disk := smallDisk(t, "4m")
		if err := syscall.Mount("", disk, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
			t.Skipf("can't mount read-only: %v", err)
		}
		refused(t, filepath.Join(disk, "store"))
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
	s, err := Open(t.Context(), embedded(t, dir))
	if err == nil {
		_ = s.Close(t.Context())
		t.Fatal("opened")
	}
	if !strings.Contains(err.Error(), dir) {
		t.Errorf("%q doesn't name the directory", err)
	}
	t.Log(err)
}
