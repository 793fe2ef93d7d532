package test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"gatepost/test/harness"
	"gatepost/test/wait"
)

// process is a node whose outputs the test has in its own hands.
type process struct {
	*harness.Node
	cmd   *exec.Cmd
	ended chan struct{} // closed when the process has ended
}

// run runs a command on a free port, with its outputs as prepare sets them, and waits until
// it is ready.
func run(t *testing.T, env harness.Env, prepare func(*exec.Cmd), args ...string) *process {
	t.Helper()
	p := &process{Node: &harness.Node{Addr: harness.ClosedPort(t), Admin: harness.ClosedPort(t)}, ended: make(chan struct{})}
	p.cmd = exec.Command(harness.Binary(), append(args, "--addr", p.Addr)...)
	p.cmd.Dir = t.TempDir()
	p.cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "GATEPOST_SECRET=" + harness.Secret, "GATEPOST_DRAIN=100ms", "GATEPOST_ADMIN_ADDR=" + p.Admin}
	for name, value := range env {
		p.cmd.Env = append(p.cmd.Env, name+"="+value)
	}
	prepare(p.cmd)
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = p.cmd.Wait()
		close(p.ended)
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		<-p.ended
	})
	wait.For(t, "the node is ready", func() bool {
		res, err := http.Get("http://" + p.Addr + "/readyz")
		if err == nil {
			_ = res.Body.Close()
		}
		return err == nil && res.StatusCode == http.StatusOK
	})
	return p
}

func (p *process) signal(t *testing.T, s os.Signal) {
	t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

// exit waits for the end and gives the exit status, -1 where a signal ended it.
func (p *process) exit(t *testing.T) int {
	t.Helper()
	select {
	case <-p.ended:
		return p.cmd.ProcessState.ExitCode()
	case <-time.After(wait.Patience):
		t.Fatal("the process doesn't end")
		return 0
	}
}

// fullPipe is a pipe that takes nothing more, as one whose reader has stopped.
func fullPipe(t *testing.T) (r, w *os.File) {
	t.Helper()
	var ends [2]int
	if err := unix.Pipe2(ends[:], unix.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	if _, err := unix.FcntlInt(uintptr(ends[1]), unix.F_SETPIPE_SZ, 4096); err != nil {
		t.Fatal(err)
	}
	if _, err := unix.Write(ends[1], []byte(strings.Repeat("\n", 4096))); err != nil {
		t.Fatal(err)
	}
	r, w = os.NewFile(uintptr(ends[0]), "r"), os.NewFile(uintptr(ends[1]), "w")
	t.Cleanup(func() {
		_ = r.Close()
		_ = w.Close()
	})
	return r, w
}

// A node works, and ends, as if its log were read.
func TestALogThatNobodyReads(t *testing.T) {
	t.Parallel()
	for _, level := range []string{"info", "debug"} {
		t.Run(level, func(t *testing.T) {
			t.Parallel()
			var down atomic.Bool
			backend := harness.NewBackend(t, func(d *harness.Delivery) harness.Answer {
				if down.Load() && d.Event.Type == "message" {
					return harness.Status(500)
				}
				return harness.Answer{}
			})
			_, w := fullPipe(t)
			p := run(t, backend.Env(harness.Env{"GATEPOST_LOG_LEVEL": level}), func(cmd *exec.Cmd) { cmd.Stdout, cmd.Stderr = w, w }, "serve")
			down.Store(true)
			clients := p.Crowd(t, 4, func(int) harness.Dial { return harness.Dial{} })
			for _, c := range clients {
				c.Send(t, "a webhook that fails")
				c.Send(t, "and one that waits for it")
			}
			wait.For(t, "webhooks have failed", func() bool {
				return p.Metric(t, "gatepost_webhook_attempts_total", `result="5xx"`) >= float64(len(clients))
			})
			down.Store(false)
			for _, c := range clients {
				wait.For(t, "the client's next message is delivered", func() bool { return len(backend.Received(harness.Of("message", c.ID))) >= 2 })
			}
			if level == "debug" {
				flood(t, p)
			}
			p.API(t, "push").Want(200, `{"matched":4,"queued":4,"dropped":0}`, "POST", "/push/all", "still here")
			clients[0].WantText(t, "still here")
			p.Healthy(t, harness.Dial{})
			p.signal(t, syscall.SIGTERM)
			if status := p.exit(t); status != 0 {
				t.Errorf("status %d", status)
			}
		})
	}
}

// flood makes lines until some are dropped.
func flood(t *testing.T, p *process) {
	t.Helper()
	calls := p.API(t, "read")
	for range 100 {
		for range 200 {
			calls.Want(404, "", "GET", "/clients/"+strings.Repeat("z", 32), "")
		}
		if p.Metric(t, "gatepost_dropped_log_lines_total") > 0 {
			return
		}
	}
	t.Fatal("no line was dropped")
}

// A reader that comes back finds the lines in sequence, how many are missing and where, and the
// last ones before the end.
func TestAReaderThatComesBack(t *testing.T) {
	t.Parallel()
	r, w := fullPipe(t)
	p := run(t, harness.Env{"GATEPOST_LOG_LEVEL": "debug", "GATEPOST_LOG_FORMAT": "json"}, func(cmd *exec.Cmd) { cmd.Stderr = w }, "serve")
	flood(t, p)
	dropped := p.Metric(t, "gatepost_dropped_log_lines_total")
	_ = w.Close()
	lines := make(chan map[string]any)
	go func() {
		defer close(lines)
		for scanner := bufio.NewScanner(r); scanner.Scan(); {
			fields := map[string]any{}
			if text := scanner.Text(); text != "" && json.Unmarshal([]byte(text), &fields) != nil {
				fields["msg"] = "no JSON: " + text
			}
			if fields["msg"] != nil {
				lines <- fields
			}
		}
	}()
	var missing float64
	var last map[string]any
	var latest time.Time
	for fields := range lines {
		last = fields
		at, err := time.Parse(time.RFC3339Nano, fmt.Sprint(fields["time"]))
		if err != nil {
			t.Errorf("%v: %v", fields, err)
		}
		if n, ok := fields["lines"].(float64); ok {
			if missing += n; missing == dropped {
				p.signal(t, syscall.SIGTERM)
			}
		} else if at.Before(latest.Add(-time.Second)) { // who logs at once may be taken in any sequence
			t.Errorf("%v comes behind one of %v", fields, latest)
		} else {
			latest = at
		}
	}
	if missing != dropped {
		t.Errorf("%v lines were dropped, the log tells of %v", dropped, missing)
	}
	if last["msg"] != "stopped" {
		t.Errorf("the log ends with %v", last)
	}
	if status := p.exit(t); status != 0 {
		t.Errorf("status %d", status)
	}
}

// A log's reader that ends takes nobody with it; a command's ends the command.
func TestALogWhoseReaderEnds(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"serve"}, {"demo"}} {
		t.Run(args[0], func(t *testing.T) {
			t.Parallel()
			r, w := fullPipe(t)
			p := run(t, harness.Env{"GATEPOST_LOG_LEVEL": "debug"}, func(cmd *exec.Cmd) { cmd.Stdout, cmd.Stderr = w, w }, args...)
			client := p.Connect(t, harness.Dial{Header: http.Header{"Origin": {"http://" + p.Addr}}})
			_, _ = r.Read(make([]byte, 8192))
			_, _ = r.Read(make([]byte, 1024))
			_ = r.Close()
			for range 10 {
				if got := harness.Get(t, p.Addr, "/healthz").Status; got != 200 {
					t.Errorf("/healthz answers %d", got)
				}
			}
			client.Ping(t)
			p.signal(t, syscall.SIGTERM)
			client.WantClosed(t, 1001)
			if status := p.exit(t); status != 0 {
				t.Errorf("status %d", status)
			}
		})
	}
	node := harness.Start(t, nil)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	_ = r.Close()
	defer w.Close()
	cmd := exec.Command(harness.Binary(), "clients")
	cmd.Env, cmd.Stdout = []string{"GATEPOST_URL=http://" + node.Addr, "GATEPOST_SECRET=" + harness.Secret}, w
	_ = cmd.Run()
	if s := cmd.ProcessState.Sys().(syscall.WaitStatus); !s.Signaled() || s.Signal() != syscall.SIGPIPE {
		t.Errorf("gatepost clients without a reader ended with %v", cmd.ProcessState)
	}
}

// Whoever has a node crash, itself among them, isn't kept waiting by its log.
func TestACrashWithALogThatNobodyReads(t *testing.T) {
	t.Parallel()
	_, w := fullPipe(t)
	p := run(t, nil, func(cmd *exec.Cmd) { cmd.Stderr = w }, "serve")
	p.signal(t, syscall.SIGQUIT) // which the runtime answers as a panic
	if status := p.exit(t); status != 2 {
		t.Errorf("status %d", status)
	}
}

// A log on a full disk is gone on with when there is room.
func TestALogOnAFullDisk(t *testing.T) {
	t.Parallel()
	dir := smallDisk(t, "256k")
	fill := filepath.Join(dir, "fill")
	if err := os.WriteFile(fill, make([]byte, 200<<10), 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := os.OpenFile(filepath.Join(dir, "log"), os.O_CREATE|os.O_APPEND|os.O_RDWR, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	p := run(t, harness.Env{"GATEPOST_LOG_LEVEL": "debug", "GATEPOST_LOG_FORMAT": "json"}, func(cmd *exec.Cmd) { cmd.Stderr = file }, "serve")
	for range 1000 {
		_ = harness.Get(t, p.Addr, "/healthz")
	}
	if err := os.Remove(fill); err != nil {
		t.Fatal(err)
	}
	p.signal(t, syscall.SIGUSR1)
	text := func() string {
		all, _ := os.ReadFile(file.Name())
		return string(all)
	}
	calls := func() int { return strings.Count(text(), `"/healthz"`) }
	wait.For(t, "every line is there", func() bool { return calls() >= 1000 })
	for line := range strings.SplitSeq(strings.TrimSpace(text()), "\n") {
		if !json.Valid([]byte(line)) {
			t.Errorf("a line is %q", line)
		}
	}
}
