package powerloss

import (
	"bytes"
	_ "embed"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gatepost/test/harness"
)

//go:embed init.sh
var initScript []byte

// drivers are what the machine needs beside what the kernel has built in, in the order
// in which they need each other.
var drivers = []string{"virtio_ring", "virtio", "virtio_pci_legacy_dev", "virtio_pci_modern_dev", "virtio_pci", "virtio_blk",
	"failover", "net_failover", "virtio_net"}

// archive is a cpio archive of the kind that a kernel unpacks as its first file system.
type archive struct {
	bytes.Buffer
	entries int
}

const (
	directory = 0o40755
	program   = 0o100755
	document  = 0o100644
	console   = 0o20600
)

// add puts an entry in. major and minor are a device's.
func (a *archive) add(name string, mode int, data []byte, device ...int) {
	a.entries++
	major, minor := 0, 0
	if len(device) == 2 {
		major, minor = device[0], device[1]
	}
	fmt.Fprintf(a, "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x", a.entries, mode, 0, 0, 1, 0, len(data), 0, 0, major, minor, len(name)+1, 0)
	a.WriteString(name)
	a.WriteByte(0)
	a.align()
	a.Write(data)
	a.align()
}

func (a *archive) align() { a.Write(make([]byte, -a.Len()&3)) }

func (a *archive) end() []byte {
	a.add("TRAILER!!!", 0, nil)
	return a.Bytes()
}

// initramfs is the machine's first file system: the drivers, a shell, the gateway, and
// what it is told in its environment.
func initramfs(t testing.TB, kernel, mount string, env harness.Env) []byte {
	t.Helper()
	read := func(file string) []byte {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	a := &archive{}
	for _, dir := range []string{"bin", "dev", "disk", "modules", "proc", "sys"} {
		a.add(dir, directory, nil)
	}
	a.add("dev/console", console, nil, 5, 1)
	a.add("init", program, initScript)
	a.add("bin/busybox", program, read("/bin/busybox"))
	a.add("gatepost", program, read(harness.Binary()))
	var order strings.Builder
	for _, driver := range drivers {
		file := oneOf(t, filepath.Join(kernel, "lib/modules/*/kernel/*/*/"+driver+".ko"), filepath.Join(kernel, "lib/modules/*/kernel/*/"+driver+".ko"))
		a.add("modules/"+driver+".ko", document, read(file))
		order.WriteString(driver + ".ko\n")
	}
	a.add("modules/order", document, []byte(order.String()))
	var settings strings.Builder
	fmt.Fprintf(&settings, "MOUNT='%s'\n", mount)
	for _, name := range slices.Sorted(maps.Keys(env)) {
		fmt.Fprintf(&settings, "export %s='%s'\n", name, env[name])
	}
	a.add("settings", document, []byte(settings.String()))
	return a.end()
}

// oneOf is the one file that one of the patterns finds.
func oneOf(t testing.TB, patterns ...string) string {
	t.Helper()
	for _, pattern := range patterns {
		if found, err := filepath.Glob(pattern); err == nil && len(found) == 1 {
			return found[0]
		}
	}
	t.Fatalf("there isn't one file like %s", patterns)
	return ""
}
