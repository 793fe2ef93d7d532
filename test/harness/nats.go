package harness

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"gatepost/test/tcp"
	"gatepost/test/wait"
)

// NATSServer is an external NATS with JetStream, a process of its own that can go and
// come back with what it keeps.
type NATSServer struct {
	URL string

	addr string // host:port
	dir  string
	cmd  *exec.Cmd // nil while it is gone
}

// room is what streams may take, in bytes: given, so that it doesn't depend on how full this
// machine's disk is. Next to nothing of it is used.
const room = 1 << 40

// natsBinary is built once, beside the program under test.
var natsBinary = sync.OnceValues(func() (string, error) {
	path := filepath.Join(filepath.Dir(binary), "nats-server")
	out, err := exec.Command("go", "build", "-o", path, "github.com/nats-io/nats-server/v2").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go build nats-server: %w\n%s", err, out)
	}
	return path, nil
})

// StartNATS runs a NATS server on this host until the test's end.
func StartNATS(t testing.TB, host string) *NATSServer {
	t.Helper()
	socket := tcp.Listen(t, host)
	s := &NATSServer{addr: socket.Addr().String(), dir: t.TempDir()}
	s.URL = "nats://" + s.addr
	socket.Close()
	t.Cleanup(s.Kill)
	s.Start(t)
	return s
}

// Start runs the server, again with what it kept.
func (s *NATSServer) Start(t testing.TB) {
	t.Helper()
	path, err := natsBinary()
	if err != nil {
		t.Fatal(err)
	}
	host, port, err := net.SplitHostPort(s.addr)
	if err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(s.dir, "nats.conf")
	if err := os.WriteFile(config, fmt.Appendf(nil, "jetstream {store_dir: %q, max_file_store: %d}\n", s.dir, room), 0o600); err != nil {
		t.Fatal(err)
	}
	s.cmd = exec.Command(path, "-a", host, "-p", port, "-c", config)
	s.cmd.Env = []string{"HOME=" + s.dir}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	wait.For(t, "the NATS server listens", func() bool { return Listens(s.addr) })
}

// Kill ends the server as a power cut would.
func (s *NATSServer) Kill() { s.end(syscall.SIGKILL) }

// Stop ends the server in order.
func (s *NATSServer) Stop() { s.end(syscall.SIGTERM) }

func (s *NATSServer) end(how syscall.Signal) {
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Signal(how)
	late := time.AfterFunc(5*time.Second, func() { _ = s.cmd.Process.Kill() })
	_ = s.cmd.Wait()
	late.Stop()
	s.cmd = nil
}

// NATS runs a NATS server with JetStream in the test's own process, until the test's end,
// and gives its URL: for tests in which it stays.
func NATS(t testing.TB) string {
	t.Helper()
	nats, err := server.NewServer(&server.Options{
		Host: "127.0.0.1", Port: server.RANDOM_PORT, NoSigs: true, NoLog: true, JetStream: true, StoreDir: t.TempDir(),
		JetStreamMaxMemory: 16 << 20, JetStreamMaxStore: room,
	})
	if err != nil {
		t.Fatal(err)
	}
	go nats.Start()
	t.Cleanup(func() { nats.Shutdown(); nats.WaitForShutdown() })
	if !nats.ReadyForConnections(wait.Patience) {
		t.Fatal("the NATS server doesn't start")
	}
	return nats.ClientURL()
}
