//go:build !linux

package socket

// Watch does nothing: all calls are told of here.
func Watch() {}
