package test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"gatepost/test/harness"
)

// Disks on which a node couldn't start: the check says what serve would.
func TestACheckOfDisks(t *testing.T) {
	t.Parallel()
	full, readOnly := smallDisk(t, "512k"), smallDisk(t, "1m")
	if err := syscall.Mount("", readOnly, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct{ dir, says string }{
		"full":                 {full, "no space left on device"},
		"full, nothing there":  {filepath.Join(full, "a/b"), "no space left on device"},
		"read-only":            {readOnly, "read-only file system"},
		"read-only, not there": {filepath.Join(readOnly, "a/b"), "read-only file system"},
	} {
		env := harness.Env{"GATEPOST_SECRET": harness.Secret, "GATEPOST_ADDR": "127.0.0.1:0", "GATEPOST_DATA_DIR": test.dir, "GATEPOST_NODE": "a", "GATEPOST_LOG_LEVEL": "error"}
		_, checked, status := harness.Command(t, env, "config", "--check")
		if left, _ := os.ReadDir(full); len(left) != 0 {
			t.Errorf("%s: it left %v", name, left)
		}
		_, served, _ := harness.Command(t, env, "serve")
		_ = os.RemoveAll(filepath.Join(full, "a"))
		_ = os.RemoveAll(filepath.Join(full, "store"))
		if status != 1 || !strings.Contains(checked, test.says) || checked != served {
			t.Errorf("%s: status %d, the check says %q, serve %q", name, status, checked, served)
		}
	}
}

// The check of a node with an external NATS makes nothing there.
func TestACheckWithAnExternalNATS(t *testing.T) {
	t.Parallel()
	url := harness.NATS(t)
	nc, err := nats.Connect(url)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	env := harness.Env{"GATEPOST_SECRET": harness.Secret, "GATEPOST_ADDR": "127.0.0.1:0", "GATEPOST_NODE": "a", "GATEPOST_NATS_URL": url}
	if out, errs, status := harness.Command(t, env, "config", "--check"); status != 0 || out != "" || errs != "" {
		t.Errorf("status %d: %s%s", status, out, errs)
	}
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	account, err := js.AccountInfo(t.Context())
	if err != nil || account.Streams != 0 {
		t.Errorf("it left %+v, %v", account, err)
	}
}
