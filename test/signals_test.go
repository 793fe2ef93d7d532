package test

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"gatepost/test/harness"
	"gatepost/test/logs"
	"gatepost/test/wait"
)

// What isn't meant for a node changes nothing. SIGHUP, which many services take for a
// word to load something anew, is a line in the log where no terminal closes.
func TestSignalsThatChangeNothing(t *testing.T) {
	t.Parallel()
	var log logs.Log
	p := run(t, nil, func(cmd *exec.Cmd) { cmd.Stderr = &log }, "serve")
	client := p.Connect(t, harness.Dial{})
	for _, s := range []os.Signal{
		syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGPIPE, syscall.SIGALRM, syscall.SIGWINCH, syscall.SIGCONT, syscall.SIGURG, syscall.SIGIO, syscall.SIGHUP,
	} {
		p.signal(t, s)
	}
	wait.For(t, "a line tells of SIGHUP", func() bool { return log.Has("SIGHUP") })
	client.Ping(t)
	p.Healthy(t, harness.Dial{})
	p.signal(t, syscall.SIGTERM)
	client.WantClosed(t, 1001)
	if status := p.exit(t); status != 0 {
		t.Errorf("status %d", status)
	}
}

// Whoever signals a process and its group too, as timeout does, gives one order.
func TestASignalThatComesTwice(t *testing.T) {
	t.Parallel()
	p := run(t, nil, func(*exec.Cmd) {}, "serve")
	client := p.Connect(t, harness.Dial{})
	p.signal(t, syscall.SIGTERM)
	p.signal(t, syscall.SIGTERM)
	client.WantClosed(t, 1001)
	if status := p.exit(t); status != 0 {
		t.Errorf("status %d", status)
	}
}

// nohup has SIGHUP ignored, whatever a terminal does.
func TestNohup(t *testing.T) {
	t.Parallel()
	terminal, inside := openTerminal(t)
	var log logs.Log
	p := run(t, nil, func(cmd *exec.Cmd) {
		inTerminal(cmd, inside)
		cmd.Stderr = &log
		cmd.Args = append([]string{"sh", "-c", `trap "" HUP; exec "$0" "$@"`}, append([]string{cmd.Path}, cmd.Args[1:]...)...)
		cmd.Path = "/bin/sh"
	}, "serve")
	_ = inside.Close()
	client := p.Connect(t, harness.Dial{})
	_ = terminal.Close()
	p.signal(t, syscall.SIGHUP)
	client.Ping(t)
	p.signal(t, syscall.SIGTERM)
	client.WantClosed(t, 1001)
	if p.exit(t) != 0 || log.Has("SIGHUP") || log.Has("hangup") {
		t.Errorf("the log is\n%s", &log)
	}
}

// A terminal that closes drains the node that was started in it, though its log, which went
// there, can't be written any more.
func TestATerminalThatCloses(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"serve"}, {"demo"}} {
		t.Run(args[0], func(t *testing.T) {
			t.Parallel()
			terminal, inside := openTerminal(t)
			p := run(t, nil, func(cmd *exec.Cmd) {
				inTerminal(cmd, inside)
				cmd.Stdout, cmd.Stderr = inside, inside
			}, args...)
			_ = inside.Close()
			client := p.Connect(t, harness.Dial{})
			p.signal(t, syscall.SIGHUP) // while the terminal is there: a word to load something anew
			client.Ping(t)
			_ = terminal.Close()
			p.signal(t, syscall.SIGHUP) // from a shell, beside the kernel's
			client.WantClosed(t, 1001)
			if status := p.exit(t); status != 0 {
				t.Errorf("status %d", status)
			}
		})
	}
}

// inTerminal makes the terminal a command's controlling one.
func inTerminal(cmd *exec.Cmd, inside *os.File) {
	cmd.Stdin = inside
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 0}
}

// openTerminal opens both ends of a pseudo-terminal.
func openTerminal(t *testing.T) (terminal, inside *os.File) {
	t.Helper()
	terminal, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip("there are no terminals here: ", err)
	}
	t.Cleanup(func() { _ = terminal.Close() })
	if err := unix.IoctlSetPointerInt(int(terminal.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(int(terminal.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if inside, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0); err != nil {
		t.Fatal(err)
	}
	return terminal, inside
}
