package harness

import (
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"gatepost/test/logs"
	"gatepost/test/wait"
)

// Env is the environment of a node, by the names that an operator uses.
type Env map[string]string

// ConfigFile as a name in an Env gives the node --config with its value.
const ConfigFile = "--config"

// OpenFiles as a name in an Env is how many files the node may have open.
const OpenFiles = "ulimit -n"

// Secret is the GATEPOST_SECRET of every node that isn't given another.
const Secret = "end-to-end-test-secret-of-sufficient-length"

// Node is one running gateway.
type Node struct {
	Addr  string // host:port of the public listener
	Admin string // of the admin listener, with metrics
	Log   *logs.Log

	t    testing.TB
	env  Env // as it was launched, for Restart
	cmd  *exec.Cmd
	done chan struct{} // closed when the process has ended
	err  error         // of cmd.Wait, once done is closed
}

// Start runs a node with this environment over the harness's own: loopback
// listeners on free ports, a data directory of its own, a short drain. It waits until
// the node takes clients. The node is stopped at the end of the test.
func Start(t testing.TB, env Env) *Node {
	t.Helper()
	n := Launch(t, env)
	n.Listening(t)
	if n.env["GATEPOST_NATS_URL"] != "" || n.env["GATEPOST_CLUSTER_LISTEN"] != "" {
		wait.For(t, "the node is a part of its cluster", func() bool { return Get(t, n.Addr, "/readyz").Status == http.StatusOK })
	}
	return n
}

// Listening waits until a node that was launched says where it listens.
func (n *Node) Listening(t testing.TB) {
	t.Helper()
	// A node gives an external NATS a minute to be there.
	wait.Within(t, time.Minute+wait.Patience, "the node says where it listens, or ends", func() bool {
		n.Addr, n.Admin = attribute(n.Log, "listening", "addr"), attribute(n.Log, "listening", "admin_addr")
		return n.Addr != "" || n.ended()
	})
	if n.ended() {
		t.Fatalf("the node ended at once: %v\n%s", n.err, n.Log)
	}
}

// Launch runs a node without waiting for it to listen.
func Launch(t testing.TB, env Env) *Node {
	t.Helper()
	full := Env{
		"GATEPOST_ADDR": "127.0.0.1:0", "GATEPOST_ADMIN_ADDR": "127.0.0.1:0",
		"GATEPOST_DATA_DIR": filepath.Join(t.TempDir(), "data"),
		"GATEPOST_SECRET":   Secret, "GATEPOST_LOG_FORMAT": "json", "GATEPOST_DRAIN": "100ms",
	}
	maps.Copy(full, env)
	n := &Node{Log: &logs.Log{}, t: t, env: maps.Clone(full), done: make(chan struct{})}
	args := []string{binary, "serve"}
	if file, ok := full[ConfigFile]; ok {
		args = append(args, "--config", file)
		delete(full, ConfigFile)
	}
	if files, ok := full[OpenFiles]; ok {
		args = append([]string{"sh", "-c", `ulimit -n "$0" && exec "$@"`, files}, args...)
		delete(full, OpenFiles)
	}
	if namespace, ok := full[Namespace]; ok {
		args = append([]string{"ip", "netns", "exec", namespace}, args...)
		delete(full, Namespace)
	}
	n.cmd = exec.Command(args[0], args[1:]...)
	n.cmd.Dir = t.TempDir()
	n.cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + n.cmd.Dir}
	for name, value := range full {
		n.cmd.Env = append(n.cmd.Env, name+"="+value)
	}
	n.cmd.Stdout, n.cmd.Stderr = n.Log, n.Log
	if err := n.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		n.err = n.cmd.Wait()
		close(n.done)
	}()
	t.Cleanup(n.cleanUp)
	return n
}

// Restart runs another node with the environment that this one had, the data
// directory with it, and more over it. This one must have ended: a directory has
// one node at a time.
func (n *Node) Restart(t testing.TB, more Env) *Node {
	t.Helper()
	return Start(t, n.after(t, more))
}

// Relaunch is Restart that doesn't wait for the node to listen.
func (n *Node) Relaunch(t testing.TB, more Env) *Node {
	t.Helper()
	return Launch(t, n.after(t, more))
}

func (n *Node) after(t testing.TB, more Env) Env {
	t.Helper()
	if !n.ended() {
		t.Fatal("a node is restarted that still runs")
	}
	env := maps.Clone(n.env)
	maps.Copy(env, more)
	return env
}

// Kill ends the node as a power cut would, and waits for that.
func (n *Node) Kill() {
	n.t.Helper()
	n.Signal(syscall.SIGKILL)
	<-n.done
}

// DataDir is the node's data directory.
func (n *Node) DataDir() string { return n.env["GATEPOST_DATA_DIR"] }

// File writes a configuration file and returns its path, for ConfigFile.
func File(t testing.TB, yaml string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "gatepost.yaml")
	if err := os.WriteFile(path, []byte(yaml), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func (n *Node) ended() bool {
	select {
	case <-n.done:
		return true
	default:
		return false
	}
}

// PID is the process's id.
func (n *Node) PID() int { return n.cmd.Process.Pid }

// Signal sends a signal to the node.
func (n *Node) Signal(s os.Signal) {
	n.t.Helper()
	if err := n.cmd.Process.Signal(s); err != nil {
		n.t.Fatalf("signalling the node: %v", err)
	}
}

// Exit waits for the node's end and returns its exit status, -1 where a signal
// ended it.
func (n *Node) Exit(within time.Duration) int {
	n.t.Helper()
	select {
	case <-n.done:
	case <-time.After(within):
		n.t.Fatalf("the node has not ended after %s", within)
	}
	var failed *exec.ExitError
	if errors.As(n.err, &failed) {
		return failed.ExitCode()
	}
	return 0
}

// Alive reports whether the process still runs.
func (n *Node) Alive() bool { return !n.ended() }

// cleanUp ends the node and fails the test for what its log tells.
func (n *Node) cleanUp() {
	if !n.ended() {
		_ = n.cmd.Process.Signal(syscall.SIGTERM)
	}
	select {
	case <-n.done:
	case <-time.After(3 * time.Second):
		_ = n.cmd.Process.Kill()
		<-n.done
	}
	log := n.Log.String()
	for _, word := range []string{"panic", "DATA RACE", "fatal error:"} {
		if strings.Contains(log, word) {
			n.t.Errorf("the node's log has %q", word)
		}
	}
	if n.t.Failed() {
		n.t.Logf("the node's log ends:\n%s", n.Log.Tail(60))
	}
}

// attribute is the value of the first complete JSON line with this message and
// attribute, or empty.
func attribute(log *logs.Log, message, name string) string {
	for line := range strings.SplitSeq(log.String(), "\n") {
		var fields map[string]any
		if json.Unmarshal([]byte(line), &fields) != nil || fields["msg"] != message {
			continue
		}
		if value, ok := fields[name].(string); ok {
			return value
		}
	}
	return ""
}
