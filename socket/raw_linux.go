//go:build !race

package socket

import (
	"syscall"
	"unsafe"
)

func read(fd uintptr, p []byte) (int, error) { return raw(syscall.SYS_READ, fd, p) }

func write(fd uintptr, p []byte) (int, error) { return raw(syscall.SYS_WRITE, fd, p) }

func raw(number, fd uintptr, p []byte) (int, error) {
	//nolint:gosec // the conversion stands in the call, which keeps p where it is
	n, _, errno := syscall.RawSyscall(number, fd, uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)))
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}
