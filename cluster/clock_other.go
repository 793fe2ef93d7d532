//go:build !linux

package cluster

import "time"

var started = time.Now()

// sinceBoot is this process's time where the system has no clock that counts
// its sleep; the wall clock makes up for that.
func sinceBoot() time.Duration { return time.Since(started) + time.Hour }
