//go:build !unix

package socket

import "syscall"

// Here says whether there are such calls on this system. Without them, Read and Write
// do nothing.
const Here = false

// Read says that there is nothing yet.
func Read(uintptr, []byte) (int, error) { return 0, syscall.EAGAIN }

// Write says that the socket takes nothing now.
func Write(uintptr, []byte) (int, error) { return 0, syscall.EAGAIN }
