package harness

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// nginxConf is a configuration with its own files in a folder: folder, what stands in http, whose
// its worker is.
const nginxConf = `
%[3]s
daemon off;
pid %[1]s/pid;
error_log stderr;
worker_processes 1;
events { worker_connections 256; }
http {
	access_log off;
	client_body_temp_path %[1]s/body;
	proxy_temp_path %[1]s/proxy;
	fastcgi_temp_path %[1]s/fastcgi;
	uwsgi_temp_path %[1]s/uwsgi;
	scgi_temp_path %[1]s/scgi;
	%[2]s
}
`

// Nginx runs nginx with this in its http block; a server there listens at addr.
func Nginx(t testing.TB, addr, http string) {
	t.Helper()
	program, err := exec.LookPath("nginx")
	if err != nil {
		program = "/usr/sbin/nginx" // where Debian has it, which isn't in everybody's path
	}
	if _, err := os.Stat(program); err != nil {
		t.Fatal("nginx is missing: run scripts/setup.sh")
	}
	dir, user := t.TempDir(), ""
	if os.Geteuid() == 0 {
		user = "user root;" // else it is somebody else's, who may not write into the folder
	}
	file := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(file, fmt.Appendf(nil, nginxConf, dir, http, user), 0o644); err != nil {
		t.Fatal(err)
	}
	Program(t, dir, addr, []string{program, "-c", file, "-p", dir})
}
