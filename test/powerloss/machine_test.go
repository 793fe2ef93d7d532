package powerloss

import (
	"fmt"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gatepost/test/harness"
	"gatepost/test/logs"
	"gatepost/test/tcp"
	"gatepost/test/wait"
)

// bootTime is how long a machine may take to boot: it is emulated, instruction by
// instruction.
const bootTime = 3 * time.Minute

// dataDir is the gateway's data directory on the machine's disk.
const dataDir = "data"

// Machine is a running virtual machine with a gateway in it.
type Machine struct {
	harness.Node // the gateway, as it is reached from here; only what asks it over the network works
	disk         *Disk
	cmd          *exec.Cmd
	ended        chan struct{} // closed when the machine isn't there any more
}

// Boot starts a machine on a disk. Its ports and the backend's lead through the emulator:
// 10.0.2.2 is this host's loopback.
func Boot(t *testing.T, disk *Disk, mount string, env harness.Env) *Machine {
	t.Helper()
	full := harness.Env{"GATEPOST_ADDR": ":8080", "GATEPOST_ADMIN_ADDR": ":9090", "GATEPOST_DATA_DIR": "/disk/" + dataDir,
		"GATEPOST_SECRET": harness.Secret, "GATEPOST_LOG_FORMAT": "json"}
	maps.Copy(full, env)
	full["GATEPOST_WEBHOOK_URL"] = strings.Replace(full["GATEPOST_WEBHOOK_URL"], "127.0.0.1", "10.0.2.2", 1)

	kernel := os.Getenv(kernelSetting)
	first := filepath.Join(t.TempDir(), "initramfs")
	if err := os.WriteFile(first, initramfs(t, kernel, mount, full), 0o600); err != nil {
		t.Fatal(err)
	}
	m := &Machine{disk: disk, ended: make(chan struct{})}
	m.Addr, m.Admin, m.Log = tcp.FreeAddr(t), tcp.FreeAddr(t), &logs.Log{}
	host, port, _ := strings.Cut(disk.Serve(t), ":")
	m.cmd = exec.Command("qemu-system-x86_64", "-nodefaults", "-no-user-config", "-no-reboot", "-display", "none", "-serial", "stdio",
		"-machine", "q35,usb=off", "-accel", "tcg", "-cpu", "max", "-m", "384",
		"-kernel", oneOf(t, filepath.Join(kernel, "boot/vmlinuz-*")), "-initrd", first,
		"-append", "console=ttyS0 quiet panic=-1 mitigations=off",
		"-blockdev", fmt.Sprintf("driver=nbd,node-name=disk,server.type=inet,server.host=%s,server.port=%s", host, port),
		"-device", "virtio-blk-pci,drive=disk,write-cache=on",
		"-netdev", fmt.Sprintf("user,id=net,hostfwd=tcp:%s-:8080,hostfwd=tcp:%s-:9090", m.Addr, m.Admin),
		"-device", "virtio-net-pci,netdev=net,romfile=")
	m.cmd.Stdout, m.cmd.Stderr = m.Log, m.Log
	if err := m.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = m.cmd.Wait() // it is killed
		close(m.ended)
	}()
	t.Cleanup(func() {
		m.kill()
		if t.Failed() {
			t.Logf("the machine's log ends:\n%s", m.Log.Tail(60))
		}
	})
	return m
}

// AwaitDisk waits until the machine has its file system.
func (m *Machine) AwaitDisk(t *testing.T) {
	t.Helper()
	m.await(t, "the machine has its disk", func() bool { return m.Log.Has("machine: mounted") })
	if !m.Log.Has("machine: the disk's cache is write back") {
		t.Fatalf("the machine doesn't know that its disk has a cache:\n%s", m.Log)
	}
}

// Await waits until the machine's gateway takes clients.
func (m *Machine) Await(t *testing.T) {
	t.Helper()
	m.AwaitDisk(t)
	m.await(t, "the machine's gateway is ready", m.ready)
}

func (m *Machine) await(t *testing.T, what string, is func() bool) {
	t.Helper()
	wait.Within(t, bootTime, what, func() bool { return m.gone() || is() })
	if m.gone() {
		t.Fatalf("the machine doesn't run:\n%s", m.Log)
	}
}

func (m *Machine) ready() bool { return m.Log.Has(`"msg":"listening"`) && ready(m.Addr) }

func ready(addr string) bool {
	client := http.Client{Timeout: 5 * time.Second}
	r, err := client.Get("http://" + addr + "/readyz")
	if err != nil {
		return false
	}
	defer r.Body.Close()
	return r.StatusCode == http.StatusOK
}

func (m *Machine) gone() bool {
	select {
	case <-m.ended:
		return true
	default:
		return false
	}
}

func (m *Machine) kill() {
	_ = m.cmd.Process.Kill() // fails where it has ended
	<-m.ended
}

// Cut cuts the machine's power. It returns the disk as it is then, and since when
// nothing reached it.
func (m *Machine) Cut(loss Loss) (*Disk, time.Time) {
	contents, at := m.disk.Off(loss)
	m.kill()
	return NewDisk(contents), at
}
