//go:build unix

package socket

import "syscall"

// Here says whether there are such calls on this system. Without them, Read and Write
// do nothing.
const Here = true

// most is how much one call moves, in bytes: so long a processor is held.
const most = 64 << 10

// Read reads what has come into p, which isn't empty, up to 64 KiB. No bytes and no
// error are the peer's end; syscall.EAGAIN: there is nothing yet.
func Read(fd uintptr, p []byte) (int, error) { return move(read, fd, p) }

// Write writes of p, which isn't empty, what the socket takes at once, up to 64 KiB.
// Where that is nothing the error is syscall.EAGAIN.
func Write(fd uintptr, p []byte) (int, error) { return move(write, fd, p) }

// move moves what it can of p, however often a signal interrupts it.
func move(call func(fd uintptr, p []byte) (int, error), fd uintptr, p []byte) (int, error) {
	for {
		n, err := call(fd, p[:min(len(p), most)])
		if err != syscall.EINTR {
			return max(0, n), err
		}
	}
}
