package store

import (
	"errors"
	"io/fs"
	"path/filepath"
	"runtime"
	"testing"
)

// However the directory is written, its names are synced up to it and no further.
func TestDirectoryHoweverWritten(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, dir := range []string{"store", "./store", "store/", "a/../store", "new/deep/store"} {
		s := open(t, embedded(t, dir))
		keep(t, s.Put("k/1", []byte(dir)))
		shut(t, s)
	}
	s := open(t, embedded(t, "store"))
	same(t, s, map[string]string{"k/1": "a/../store"})
}

// A stream that isn't there as a whole is no success.
func TestSyncOfAStreamThatIsNotThere(t *testing.T) {
	dir := t.TempDir()
	shut(t, open(t, embedded(t, dir)))
	d := &directory{path: dir}
	if err := d.syncStream(streamRoot + embeddedTag); err != nil {
		t.Errorf("syncing a stream: %v", err)
	}
	if err := d.syncStream(streamRoot + "another"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("syncing a stream that isn't there: %v", err)
	}
}

// Where the file system can't sync directories, as that of a read-only image or of a
// folder shared with a virtual machine, nothing is wrong that anybody could mend.
func TestSyncOfADirectoryThatCannotBe(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("/proc is such a directory on Linux alone")
	}
	if err := syncDirectory("/proc"); err != nil {
		t.Errorf("got %v", err)
	}
	if err := syncDirectory(filepath.Join(t.TempDir(), "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("of a directory that isn't there: %v", err)
	}
}
