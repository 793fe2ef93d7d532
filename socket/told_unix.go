//go:build unix && (race || !linux)

package socket

import "syscall"

// Raw calls are Linux's. Elsewhere, and where the race detector watches, the scheduler
// is told: the detector takes what one side has done before it wrote for done before the
// other side reads, and knows of both by syscall's own calls.

func read(fd uintptr, p []byte) (int, error) { return syscall.Read(int(fd), p) }

func write(fd uintptr, p []byte) (int, error) { return syscall.Write(int(fd), p) }
