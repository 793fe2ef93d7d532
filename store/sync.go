package store

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"syscall"

	"github.com/nats-io/nats-server/v2/server"
)

// blockDir is where the server that has its files in jetstream keeps the
// messages of a stream.
func blockDir(jetstream, stream string) string {
	return filepath.Join(jetstream, "$G", "streams", stream, "msgs")
}

// syncBlocks puts all messages that the server has written on the disk.
func syncBlocks(jetstream, stream string) error {
	blocks := blockDir(jetstream, stream)
	files, err := os.ReadDir(blocks)
	if err != nil {
		return err
	}
	for _, f := range files {
		if filepath.Ext(f.Name()) != ".blk" {
			continue
		}
		if err := syncFile(filepath.Join(blocks, f.Name())); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return syncDirectory(blocks)
}

// syncStream puts on the disk what the server needs to find a stream again: what
// it keeps about the stream, which it syncs itself only if it syncs always, and
// the names of everything from the blocks up to the store's directory and that one's own.
// A log without these is whole, but the server doesn't know it: it would be
// taken for a damaged one.
func (d *directory) syncStream(stream string) error {
	blocks := blockDir(filepath.Join(d.path, jetstreamDir), stream)
	about := filepath.Dir(blocks)
	for _, name := range []string{server.JetStreamMetaFile, server.JetStreamMetaFileSum} {
		if err := syncFile(filepath.Join(about, name)); err != nil {
			return err
		}
	}
	own := filepath.Clean(d.path)
	for dir := blocks; dir != own; dir = filepath.Dir(dir) {
		if err := syncDirectory(dir); err != nil {
			return err
		}
	}
	if err := syncDirectory(own); err != nil {
		return err
	}
	if err := syncDirectory(filepath.Dir(own)); !errors.Is(err, fs.ErrPermission) {
		return err
	}
	return nil // it isn't ours
}

// syncFile opens the file for writing, for Windows syncs no other.
func syncFile(name string) error { return syncOpened(name, os.O_RDWR) }

// syncDirectory puts the names in a directory on the disk, where the system and the
// file system can: those of read-only images and of shared folders often can't.
func syncDirectory(name string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	err := syncOpened(name, os.O_RDONLY)
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.EBADF) || errors.Is(err, errors.ErrUnsupported) {
		return nil
	}
	return err
}

func syncOpened(name string, how int) error {
	f, err := os.OpenFile(name, how, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}
