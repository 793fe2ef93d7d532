package examples

import (
	"bytes"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"gatepost/test/harness"
)

// serve runs a script on PHP's built-in server and returns its address.
func serve(t *testing.T, dir, script string, env ...string) string {
	t.Helper()
	addr := harness.ClosedPort(t)
	listen(t, dir, addr, []string{"php", "-S", addr, script}, append(env, "PHP_CLI_SERVER_WORKERS=4")...)
	return addr
}

// listen runs a program in a folder, with more in its environment, and waits until
// it listens at addr. It ends with the test, and so does all that it has started.
func listen(t *testing.T, dir, addr string, args []string, env ...string) *os.Process {
	t.Helper()
	var log bytes.Buffer
	server := exec.Command(args[0], args[1:]...)
	server.Dir = dir
	server.Env = append(os.Environ(), env...)
	server.Stdout, server.Stderr = &log, &log
	server.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // its children end with it
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-server.Process.Pid, syscall.SIGKILL)
		_ = server.Wait()
		if t.Failed() {
			t.Logf("%s said:\n%s", args[0], &log)
		}
	})
	harness.Eventually(t, args[0]+" listens", func() bool { return listens(addr) })
	return server.Process
}
