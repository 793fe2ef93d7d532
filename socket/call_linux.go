package socket

import (
	"syscall"
	"unsafe"
)

// Here says whether there are such calls on this system. Without them, Read and Write
// do nothing.
const Here = true

// most is how much one call moves, in bytes: so long a processor is held.
const most = 64 << 10

// Read reads what has come into p, which isn't empty, up to 64 KiB. No bytes and no
// error are the peer's end; syscall.EAGAIN: there is nothing yet.
func Read(fd uintptr, p []byte) (int, error) { return call(syscall.SYS_READ, fd, p) }

// Write writes of p, which isn't empty, what the socket takes at once, up to 64 KiB.
// Where that is nothing the error is syscall.EAGAIN.
func Write(fd uintptr, p []byte) (int, error) { return call(syscall.SYS_WRITE, fd, p) }

func call(number, fd uintptr, p []byte) (int, error) {
	for {
		//nolint:gosec // the conversion stands in the call, which keeps p where it is
		n, _, errno := syscall.RawSyscall(number, fd, uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(min(len(p), most)))
		switch errno {
		case 0:
			return int(n), nil
		case syscall.EINTR:
		default:
			return 0, errno
		}
	}
}
