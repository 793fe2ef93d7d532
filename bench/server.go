package main

import (
	"bytes"
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
)

// server is a running process that is measured: the gateway or its peer.
type server struct {
	addr  string
	cmd   *exec.Cmd
	log   bytes.Buffer
	token string // of each push; empty: none is needed

	gentle   bool                          // it has to be asked to end, for only it ends its children
	welcomes bool                          // its clients get a first frame
	wsPath   func(channel string) string   // where a client of this channel connects; only the peer has channels
	pushAll  string                        // where a push to all goes
	pushOne  func(i int, id string) string // where a push to the i-th client, alone in channel i, goes
	// profile begins a CPU profile; the returned function waits for it.
	profile func() (finish func())
	// settled says that nothing is left of the clients that have gone.
	settled func() bool
}

// start begins the process, out of reach of the interrupt that ends the benchmark.
func (s *server) start() error {
	s.cmd.Stderr, s.cmd.Stdout = &s.log, &s.log
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return s.cmd.Start()
}

// await polls url until it answers 200.
func (s *server) await(url string) error {
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		res, err := http.Get(url) //nolint:gosec,noctx // a process of our own
		if err != nil {
			continue
		}
		_ = res.Body.Close()
		if res.StatusCode == http.StatusOK {
			return nil
		}
	}
	s.stop()
	return fmt.Errorf("%s did not become ready; it said: %.2000s", s.cmd.Path, s.log.String())
}

// stop ends the process without a drain: a benchmark has nothing to keep.
func (s *server) stop() {
	s.cmd.WaitDelay = 5 * time.Second // a child may still hold the log open
	if s.gentle {
		_ = s.cmd.Process.Signal(syscall.SIGTERM)
	} else {
		_ = s.cmd.Process.Kill()
	}
	_ = s.cmd.Wait()
}

// usage is the CPU time of the process and its children since they began, and their
// memory in bytes: resident where the process is alone, else each one's share of
// what they share.
func (s *server) usage() (cpu time.Duration, memory int64, err error) {
	pid := s.cmd.Process.Pid
	pids := append(children(pid), pid)
	field, file := "VmRSS:", "status"
	if len(pids) > 1 {
		field, file = "Pss:", "smaps_rollup"
	}
	for _, pid := range pids {
		dir := "/proc/" + strconv.Itoa(pid)
		c, err := cpuOf(dir)
		if err != nil {
			return 0, 0, err
		}
		m, err := kibOf(filepath.Join(dir, file), field)
		if err != nil {
			return 0, 0, err
		}
		cpu, memory = cpu+c, memory+m<<10
	}
	return cpu, memory, nil
}

func children(pid int) (pids []int) {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid)) // none where the kernel doesn't tell
	for _, f := range strings.Fields(string(text)) {
		if child, err := strconv.Atoi(f); err == nil {
			pids = append(pids, child)
		}
	}
	return pids
}

func cpuOf(dir string) (cpu time.Duration, err error) {
	stat, err := os.ReadFile(filepath.Join(dir, "stat"))
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	const ticksPerSecond = 100 // USER_HZ, the same on every Linux that Go runs on
	for _, f := range fields[11:13] {
		ticks, err := strconv.ParseInt(f, 10, 64)
		if err != nil {
			return 0, err
		}
		cpu += time.Duration(ticks) * time.Second / ticksPerSecond
	}
	return cpu, nil
}

func kibOf(path, field string) (int64, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, field); ok {
			return strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
		}
	}
	return 0, errors.New("no " + field + " in " + path)
}

// perUnit is the CPU that the server spends on work, in microseconds for each of
// units.
func (s *server) perUnit(units int, work func() error) (float64, error) {
	before, _, err := s.usage()
	if err != nil {
		return 0, err
	}
	if s.profile != nil {
		defer s.profile()()
	}
	if err := work(); err != nil {
		return 0, fmt.Errorf("%w; the server said: %.2000s", err, s.log.String())
	}
	after, _, err := s.usage()
	return float64((after - before).Microseconds()) / float64(units), err
}

func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String(), nil
}
