//go:build !linux

package main

// dropStartupPages does nothing here.
func dropStartupPages() {}
