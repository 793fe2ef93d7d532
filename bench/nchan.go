package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// nchanModule is where Debian's libnginx-mod-nchan puts it.
const nchanModule = "/usr/lib/nginx/modules/ngx_nchan_module.so"

// nchanConf is nginx as Debian sets it up, without a log of requests. Each client's
// channel is in its query; c=all is everybody's.
const nchanConf = `load_module %s;
worker_processes auto;
worker_rlimit_nofile 20000;
daemon off;
pid %[2]s/pid;
error_log stderr;
events { worker_connections 16000; }
http {
	access_log off;
	client_body_temp_path %[2]s/body;
	proxy_temp_path %[2]s/proxy;
	fastcgi_temp_path %[2]s/fastcgi;
	uwsgi_temp_path %[2]s/uwsgi;
	scgi_temp_path %[2]s/scgi;
	nchan_shared_memory_size 128m;
	server {
		listen %[3]s backlog=4096;
		location = /ready { return 200; }
		location = /ws { nchan_subscriber websocket; nchan_channel_id $arg_c; nchan_subscriber_first_message newest; }
		location = /push { nchan_publisher; nchan_channel_id $arg_c; }
	}
}
`

// peerInstalled says whether the peer can be measured too.
func peerInstalled() bool {
	_, err := exec.LookPath("nginx")
	if err == nil {
		_, err = os.Stat(nchanModule)
	}
	return err == nil
}

// startNchan runs nginx with nchan on a free loopback port, with its files in dir.
func startNchan(dir string) (*server, error) {
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	conf := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(conf, fmt.Appendf(nil, nchanConf, nchanModule, dir, addr), 0o600); err != nil {
		return nil, err
	}
	s := &server{
		addr:    addr,
		cmd:     exec.Command("nginx", "-p", dir, "-e", "stderr", "-c", conf), //nolint:gosec // the system's own
		gentle:  true,
		wsPath:  func(channel string) string { return "/ws?c=" + channel },
		pushAll: "/push?c=all",
		pushOne: func(i int, _ string) string { return fmt.Sprint("/push?c=", i) },
		settled: func() bool { return true },
	}
	if err := s.start(); err != nil {
		return nil, err
	}
	return s, s.await("http://" + addr + "/ready")
}
