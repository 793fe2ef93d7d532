package main

import (
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// tree is all that is in a folder, with when it was changed last.
func tree(t *testing.T, dir string) (paths []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err == nil && !d.IsDir() {
			path += info.ModTime().String()
		}
		paths = append(paths, path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

// What ends serve as it starts is found by the check before, in the same words, and the check
// leaves nothing behind.
func TestTheCheckFindsWhatEndsServe(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, dir+"/file", "")
	for _, path := range []string{"/storefile/store", "/noname/node"} {
		if err := os.Mkdir(filepath.Dir(dir+path), 0o700); err != nil {
			t.Fatal(err)
		}
		writeFile(t, dir+path, "")
	}
	for _, path := range []string{"/namefolder/node", "/databasefolder/store/gatepost.db"} {
		if err := os.MkdirAll(dir+path, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	free := closedPort(t)
	for name, test := range map[string]struct {
		environ string
		says    string
	}{
		"a data directory that is a file":          {"GATEPOST_DATA_DIR=" + dir + "/file", "GATEPOST_DATA_DIR: the node's name can't be kept there"},
		"one below a file":                         {"GATEPOST_DATA_DIR=" + dir + "/file/data GATEPOST_NODE=a", "GATEPOST_DATA_DIR: store: can't make the directory"},
		"one where a file is in the store's place": {"GATEPOST_DATA_DIR=" + dir + "/storefile", "GATEPOST_DATA_DIR: store: can't make the directory"},
		"one with a folder for a database":         {"GATEPOST_DATA_DIR=" + dir + "/databasefolder GATEPOST_NODE=a", "GATEPOST_DATA_DIR: store: can't write in the directory"},
		"one with an empty name":                   {"GATEPOST_DATA_DIR=" + dir + "/noname", "GATEPOST_DATA_DIR: the node's name can't be kept there"},
		"one with a folder for a name":             {"GATEPOST_DATA_DIR=" + dir + "/namefolder", "is a directory"},
		"an address that is in use":                {"GATEPOST_ADDR=" + taken.Addr().String(), "listen on " + taken.Addr().String()},
		"an admin address that is in use":          {"GATEPOST_ADMIN_ADDR=" + taken.Addr().String(), "listen on " + taken.Addr().String()},
		"an address of another machine":            {"GATEPOST_ADDR=192.0.2.1:8080", "cannot assign requested address"},
		"the same address twice":                   {"GATEPOST_ADDR=" + free + " GATEPOST_ADMIN_ADDR=" + free, "listen on " + free},
		"a name that nobody has":                   {"GATEPOST_ADDR=host.invalid:8080", "(GATEPOST_ADDR and GATEPOST_ADMIN_ADDR say where to listen)"},
		"a cluster's address in use":               {"GATEPOST_NODE=a GATEPOST_CLUSTER_LISTEN=" + taken.Addr().String(), "GATEPOST_CLUSTER_LISTEN: listen tcp " + taken.Addr().String()},
		"messages that the store can't keep":       {"GATEPOST_MAX_MESSAGE=16MiB", "GATEPOST_MAX_MESSAGE is 16777216"},
	} {
		t.Run(name, func(t *testing.T) {
			environ := append([]string{"GATEPOST_SECRET=" + testSecret, "GATEPOST_ADDR=127.0.0.1:0", "GATEPOST_LOG_LEVEL=error", "GATEPOST_DATA_DIR=" + dir + "/a/new/one"},
				strings.Fields(test.environ)...)
			before := tree(t, dir)
			checked := gatepost(t, environ, "", "config", "--check")
			if after := tree(t, dir); !slices.Equal(after, before) {
				t.Errorf("the check made %v of %v", after, before)
			}
			served := gatepost(t, environ, "", "serve")
			if err := os.RemoveAll(dir + "/a"); err != nil {
				t.Fatal(err)
			}
			if checked.status != 1 || !strings.Contains(checked.err, test.says) {
				t.Errorf("the check says %+v, want %q", checked, test.says)
			}
			if served.status != 1 || served.err != checked.err {
				t.Errorf("serve says %q, the check %q", served.err, checked.err)
			}
		})
	}
}

func closedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// A check without a fault leaves nothing, and says nothing.
func TestACheckThatFindsNothing(t *testing.T) {
	dir := t.TempDir()
	for _, more := range []string{"GATEPOST_NODE=a", "GATEPOST_DATA_DIR=memory", "GATEPOST_CLUSTER_LISTEN=127.0.0.1:0", "GATEPOST_ADMIN_ADDR=127.0.0.1:0"} {
		for _, data := range []string{dir, dir + "/a/new/one"} {
			got := gatepost(t, []string{"GATEPOST_SECRET=" + testSecret, "GATEPOST_ADDR=127.0.0.1:0", "GATEPOST_DATA_DIR=" + data, more}, "", "config", "--check")
			if got != (result{}) {
				t.Errorf("%s: %+v", more, got)
			}
			if left := tree(t, dir); len(left) != 1 {
				t.Errorf("%s: it left %v", more, left)
			}
		}
	}
}

// A node would start with fewer clients than it was told to take: that is a note.
func TestACheckOfOpenFiles(t *testing.T) {
	got := gatepost(t, []string{"GATEPOST_SECRET=" + testSecret, "GATEPOST_ADDR=127.0.0.1:0", "GATEPOST_DATA_DIR=memory", "GATEPOST_MAX_CONNECTIONS=1000000000"}, "", "config", "--check")
	if few := openFiles() > 0 && openFiles() < 1e9; got.status != 0 || strings.Contains(got.err, "gatepost: note: GATEPOST_MAX_CONNECTIONS") != few {
		t.Errorf("got %+v", got)
	}
}

// Whatever is wrong is found at once.
func TestACheckFindsAll(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, dir+"/file", "")
	got := gatepost(t, []string{"GATEPOST_SECRET=" + testSecret, "GATEPOST_ADDR=192.0.2.1:1", "GATEPOST_ADMIN_ADDR=192.0.2.1:2", "GATEPOST_DATA_DIR=" + dir + "/file"}, "", "config", "--check")
	if got.status != 1 || !strings.HasPrefix(got.err, "gatepost: 3 things keep a node from starting\n  GATEPOST_DATA_DIR: ") || strings.Count(got.err, "\n  listen on 192.0.2.1:") != 2 {
		t.Errorf("got %+v", got)
	}
}

// Beside a node that runs with the same settings the check says so, and that it is no fault.
func TestACheckBesideANode(t *testing.T) {
	dir := t.TempDir()
	port, admin, route := closedPort(t), closedPort(t), closedPort(t)
	environ := []string{"GATEPOST_ADDR=" + port, "GATEPOST_ADMIN_ADDR=" + admin, "GATEPOST_DATA_DIR=" + dir, "GATEPOST_CLUSTER_LISTEN=" + route}
	r := serve(t, environ...)
	got := gatepost(t, append(environ, "GATEPOST_SECRET="+testSecret), "", "config", "--check")
	if got.status != 0 || strings.Count(got.err, "gatepost: note: ") != 4 || strings.Count(got.err, "\n") != 4 {
		t.Errorf("got %+v", got)
	}
	if status := r.get("/healthz"); status != 200 {
		t.Errorf("/healthz answers %d", status)
	}
	r.signals <- syscall.SIGTERM
	r.ends()
	if got := gatepost(t, append(environ, "GATEPOST_SECRET="+testSecret), "", "config", "--check"); got != (result{}) {
		t.Errorf("behind it: %+v", got)
	}
}

// An external NATS must be there, and its URL's password is told to nobody.
func TestACheckOfAnExternalNATS(t *testing.T) {
	t.Parallel()
	environ := []string{"GATEPOST_SECRET=" + testSecret, "GATEPOST_ADDR=127.0.0.1:0", "GATEPOST_NODE=a", "GATEPOST_NATS_URL=nats://user:hunter2@" + closedPort(t)}
	got := gatepost(t, environ, "", "config", "--check")
	if got.status != 1 || !strings.Contains(got.err, "GATEPOST_NATS_URL: store: NATS can't be reached") || strings.Contains(got.err, "hunter2") {
		t.Errorf("got %+v", got)
	}
}
