package powerloss

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// diskSize is enough for the store's log and the garbage in it.
const diskSize = "128M"

// freshDisk is a disk with an empty file system.
func freshDisk(t *testing.T) *Disk {
	t.Helper()
	file := filepath.Join(t.TempDir(), "disk")
	run(t, "mkfs.ext4", "-q", "-F", file, diskSize)
	contents, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return NewDisk(contents)
}

// takeOut takes the data directory out of what a power cut left of a disk, as a machine
// would find it: the file system's journal is replayed first.
func takeOut(t *testing.T, image string) string {
	t.Helper()
	replay := exec.Command("e2fsck", "-y", "-E", "journal_only", image)
	if out, err := replay.CombinedOutput(); err != nil && replay.ProcessState.ExitCode() != 1 { // 1: done
		t.Fatalf("the file system's journal can't be replayed: %v\n%s", err, out)
	}
	if out, err := exec.Command("e2fsck", "-f", "-n", image).CombinedOutput(); err != nil {
		t.Fatalf("the file system has faults, which a disk that keeps its word can't bring about: %v\n%s", err, out)
	}
	dir := t.TempDir()
	// A machine that died early may have none.
	run(t, "debugfs", "-R", "rdump /"+dataDir+" "+dir, image)
	return filepath.Join(dir, dataDir)
}

func run(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
}
