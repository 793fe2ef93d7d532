package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/sys/unix"
)

const apiSecret = "a secret of the benchmark of 32 bytes or more"

// node is a running gateway.
type node struct {
	cmd  *exec.Cmd
	addr string
	// admin is the listener that gives profiles.
	admin string
	log   bytes.Buffer
}

// startNode runs the binary on a free loopback port and waits until it is ready.
func startNode(binary string, env ...string) (*node, error) {
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	admin, err := freeAddr()
	if err != nil {
		return nil, err
	}
	n := &node{addr: addr, admin: admin, cmd: exec.Command(binary, "serve")} //nolint:gosec // the binary under test is the operator's choice
	n.cmd.Env = append([]string{
		"PATH=" + os.Getenv("PATH"),
		"GATEPOST_ADDR=" + addr, "GATEPOST_ADMIN_ADDR=" + admin, "GATEPOST_SECRET=" + apiSecret, "GATEPOST_DATA_DIR=memory",
		"GATEPOST_ORIGINS=*", "GATEPOST_LOG_LEVEL=warn", "GATEPOST_DRAIN=1s", "GATEPOST_CLIENT_RATE=0",
	}, env...)
	n.cmd.Stderr, n.cmd.Stdout = &n.log, &n.log
	if err := n.cmd.Start(); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/readyz", nil)
		if err != nil {
			return nil, err
		}
		if res, err := http.DefaultClient.Do(req); err == nil {
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return n, nil
			}
		}
		select {
		case <-ctx.Done():
			n.stop()
			return nil, fmt.Errorf("the gateway did not become ready; it said: %s", n.log.String())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String(), nil
}

// stop ends the node at once: a benchmark has nothing to drain.
func (n *node) stop() {
	_ = n.cmd.Process.Kill()
	_ = n.cmd.Wait()
}

// usage is the node's CPU time since its start, and its resident memory in bytes.
func (n *node) usage() (cpu time.Duration, rss int64, err error) {
	dir := "/proc/" + strconv.Itoa(n.cmd.Process.Pid)
	stat, err := os.ReadFile(dir + "/stat")
	if err != nil {
		return 0, 0, err
	}
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	const ticksPerSecond = 100 // USER_HZ, the same on every Linux that Go runs on
	for _, f := range fields[11:13] {
		ticks, err := strconv.ParseInt(f, 10, 64)
		if err != nil {
			return 0, 0, err
		}
		cpu += time.Duration(ticks) * time.Second / ticksPerSecond
	}
	status, err := os.ReadFile(dir + "/status")
	if err != nil {
		return 0, 0, err
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kib, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return cpu, kib << 10, err
		}
	}
	return 0, 0, errors.New("no VmRSS in " + dir + "/status")
}

// perUnit is the CPU that the node spends on work, in microseconds for each of
// units.
func (n *node) perUnit(units int, work func() error) (float64, error) {
	before, _, err := n.usage()
	if err != nil {
		return 0, err
	}
	finish := n.profile()
	defer finish()
	if err := work(); err != nil {
		return 0, fmt.Errorf("%w; the gateway said: %.2000s", err, n.log.String())
	}
	after, _, err := n.usage()
	return float64((after - before).Microseconds()) / float64(units), err
}

func apiToken() (string, error) {
	return jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
		"aud": "gatepost:api", "scope": "push read", "exp": time.Now().Add(time.Hour).Unix(),
	}).SignedString([]byte(apiSecret))
}

// raiseFileLimit allows as many sockets as the system does.
func raiseFileLimit() {
	var limit syscall.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, (*unix.Rlimit)(&limit)) == nil {
		limit.Cur = limit.Max
		_ = syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit)
	}
}

// profileDir is where a CPU profile of each measurement is kept; empty: none is
// made.
var profileDir string

// profile begins a CPU profile of the node, for two seconds; the returned function
// waits for it.
func (n *node) profile() (finish func()) {
	if profileDir == "" {
		return func() {}
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		profile, err := get("http://"+n.admin+"/debug/pprof/profile?seconds=2")
		if err == nil {
			err = os.WriteFile(filepath.Join(profileDir, fmt.Sprintf("%d.pb.gz", time.Now().UnixMilli())), []byte(profile), 0o600)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "bench: no profile:", err)
		}
	}()
	return func() { <-done }
}
