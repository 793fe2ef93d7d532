//go:build unix

package hub

import "syscall"

// writeNow writes what the kernel takes without waiting, and says how much that
// was; less than zero where it failed, which a later write finds out about.
func writeNow(fd uintptr, p []byte) int {
	n, _ := syscall.Write(int(fd), p) // net's sockets don't block
	return n
}

// unread is how many of the bytes that have come, at most one, were read to find out;
// 0 where there are none, or none will come.
func unread(fd uintptr) int {
	var one [1]byte
	n, _ := syscall.Read(int(fd), one[:])
	return max(0, n)
}
