package socket

import "syscall"

// Watch wakes the runtime's monitor thread, which then looks after the processors until
// all are idle: it has a goroutine that runs for 10 ms make way for others, and sees to
// it that they hear of what has come. It is for whoever begins what may take
// milliseconds, where nothing else might tell the scheduler of a system call, and takes
// a tenth of a microsecond, or a few where the monitor sleeps.
func Watch() { _, _, _ = syscall.Syscall(syscall.SYS_GETPID, 0, 0, 0) } // the least call that is told of
