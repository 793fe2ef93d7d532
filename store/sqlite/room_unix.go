//go:build linux || darwin

package sqlite

import "golang.org/x/sys/unix"

// roomIn is how many bytes a directory's disk has left; known says whether it could be asked.
func roomIn(dir string) (bytes uint64, known bool) {
	var fs unix.Statfs_t
	if unix.Statfs(dir, &fs) != nil {
		return 0, false
	}
	return fs.Bavail * uint64(fs.Bsize), true
}
