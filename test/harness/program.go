package harness

import (
	"net"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"gatepost/test/logs"
	"gatepost/test/wait"
)

// Program runs another program than Gatepost in a folder, with more in its
// environment, and waits until it listens at addr. It ends with the test, and so
// do its children.
func Program(t testing.TB, dir, addr string, args []string, env ...string) *os.Process {
	t.Helper()
	var log logs.Log
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir = dir
	cmd.Env = Environ(env...)
	cmd.Stdout, cmd.Stderr = &log, &log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // its children end with it
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("%s said:\n%s", args[0], &log)
		}
	})
	wait.For(t, args[0]+" listens", func() bool { return Listens(addr) })
	return cmd.Process
}

// Listens reports whether something takes connections at addr.
func Listens(addr string) bool {
	conn, err := net.DialTimeout("tcp", addr, time.Second)
	if err == nil {
		conn.Close()
	}
	return err == nil
}
