//go:build !linux

package main

import "os"

// freeCrashes does nothing here: a crash waits for whoever reads stderr.
func freeCrashes(stderr *os.File) *os.File { return stderr }
