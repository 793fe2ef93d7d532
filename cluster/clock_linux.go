package cluster

import (
	"time"

	"golang.org/x/sys/unix"
)

// sinceBoot counts the time that the machine slept too.
func sinceBoot() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &t); err != nil {
		return sinceStart()
	}
	return time.Duration(t.Nano())
}
