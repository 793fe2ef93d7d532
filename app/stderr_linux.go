package main

import (
	"io/fs"
	"os"

	sys "golang.org/x/sys/unix"
)

// two is where the runtime writes.
const two = 2

// freeCrashes gives the file to which stderr goes, for the log. The runtime, which tells of a
// crash on descriptor 2, gets another opening of the same, which never waits: what finds no
// room there is lost. Everything has stopped by then, and a process that waited for a reader
// would neither work nor end. Where this can't be, as with the journal's socket,
// nothing changes.
func freeCrashes(stderr *os.File) *os.File {
	info, err := stderr.Stat()
	if err != nil || info.Mode()&(fs.ModeNamedPipe|fs.ModeCharDevice) == 0 || stderr.Fd() != two {
		return stderr
	}
	crash, err := sys.Open("/proc/self/fd/2", sys.O_WRONLY|sys.O_NONBLOCK|sys.O_NOCTTY|sys.O_CLOEXEC, 0)
	if err != nil {
		return stderr
	}
	defer sys.Close(crash)
	kept, err := sys.FcntlInt(two, sys.F_DUPFD_CLOEXEC, 3)
	if err != nil {
		return stderr
	}
	if err := sys.Dup3(crash, two, 0); err != nil {
		_ = sys.Close(kept)
		return stderr
	}
	return os.NewFile(uintptr(kept), stderr.Name())
}
