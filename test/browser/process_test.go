package browser

import (
	"bufio"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"gatepost/test/harness"
)

// demo is a running "gatepost demo".
type demo struct {
	URL  string // of its page
	Curl string // the line that it printed

	cmd  *exec.Cmd
	done chan struct{} // closed when it has said all that it will

	mu     sync.Mutex // guards the following
	output []string
}

// startDemo runs the built binary as a user would and waits until it has said
// where the page is.
func startDemo(t *testing.T, addr string) *demo {
	t.Helper()
	d := &demo{cmd: exec.Command(harness.Binary(), "demo", "--addr", addr), done: make(chan struct{})}
	d.cmd.Dir = t.TempDir()
	d.cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + d.cmd.Dir}
	out, err := d.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	d.cmd.Stderr = d.cmd.Stdout
	if err := d.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ready := make(chan struct{})
	go d.read(bufio.NewScanner(out), ready)
	t.Cleanup(func() { d.stop(t) })
	select {
	case <-ready:
	case <-d.done:
		t.Fatalf("the demo ended at once:\n%s", d.said())
	case <-time.After(patience):
		t.Fatalf("the demo didn't say where it is:\n%s", d.said())
	}
	return d
}

// read takes in what the demo says. URL and Curl are set once ready is closed.
func (d *demo) read(lines *bufio.Scanner, ready chan struct{}) {
	defer close(d.done)
	for lines.Scan() {
		text := strings.TrimSpace(lines.Text())
		d.mu.Lock()
		d.output = append(d.output, text)
		d.mu.Unlock()
		if d.Curl != "" {
			continue
		}
		if i := strings.Index(text, "http://127.0.0.1:"); i >= 0 && d.URL == "" {
			d.URL, _, _ = strings.Cut(text[i:], " ")
		}
		if strings.HasPrefix(text, "curl ") {
			d.Curl = text
			close(ready)
		}
	}
}

func (d *demo) said() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return strings.Join(d.output, "\n")
}

// stop ends the demo as Ctrl-C does; it must end cleanly, whoever is connected.
func (d *demo) stop(t *testing.T) {
	t.Helper()
	if d.cmd.ProcessState != nil { // stopped before
		return
	}
	_ = d.cmd.Process.Signal(syscall.SIGINT)
	select {
	case <-d.done:
	case <-time.After(patience):
		_ = d.cmd.Process.Kill()
		t.Error("the demo didn't stop")
	}
	if err := d.cmd.Wait(); err != nil {
		t.Errorf("the demo ended with %v", err)
	}
	if t.Failed() {
		t.Logf("the demo said:\n%s", d.said())
	}
}

// paste runs a printed curl line in a shell, as it stands.
func paste(t *testing.T, line string) string {
	t.Helper()
	need(t, "curl")
	shell := exec.CommandContext(t.Context(), "sh", "-c", line+" --silent --show-error --fail-with-body")
	shell.Env = harness.Environ()
	out, err := shell.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", line, err, out)
	}
	return string(out)
}
