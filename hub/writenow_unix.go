//go:build unix

package hub

import "syscall"

// writeNow writes what the kernel takes without waiting, and says how much that
// was; less than zero where it failed, which a later write finds out about.
func writeNow(fd uintptr, p []byte) int {
	n, _ := syscall.Write(int(fd), p) // net's sockets don't block
	return n
}
