package php

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"

	"gatepost/test/harness"
	"gatepost/test/logs"
	"gatepost/test/wait"
)

const webhookSecret = "whsec_cGhwLWZwbS13ZWJob29rLXNlY3JldC1vZi0zMi1ieXRlcw=="

// startFPM runs a pool of PHP-FPM that shows its errors, as a careless one does,
// and returns a web server before it that knows one script.
func startFPM(t *testing.T, children int, script string) *httptest.Server {
	t.Helper()
	found, _ := filepath.Glob("/usr/sbin/php-fpm*")
	if len(found) == 0 {
		t.Fatal("php-fpm is missing: run scripts/setup.sh")
	}
	dir := harness.SocketDir(t)
	socket := filepath.Join(dir, "fpm.sock")
	config := fmt.Sprintf(`[global]
error_log = %s/fpm.log
daemonize = no
[gatepost]
user = %d
group = %d
listen = %s
pm = static
pm.max_children = %d
catch_workers_output = yes
env[GATEPOST_WEBHOOK_SECRET] = "%s"
php_admin_flag[display_errors] = on
php_admin_value[output_buffering] = 4096
`, dir, os.Getuid(), os.Getgid(), socket, children, webhookSecret)
	path := filepath.Join(dir, "fpm.conf")
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	fpm := exec.Command(found[len(found)-1], "--nodaemonize", "--allow-to-run-as-root", "--fpm-config", path)
	var said logs.Log
	fpm.Stderr = &said
	fpm.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // its children end with it
	if err := fpm.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-fpm.Process.Pid, syscall.SIGKILL)
		_ = fpm.Wait()
		if t.Failed() {
			log, _ := os.ReadFile(dir + "/fpm.log")
			t.Logf("FPM said:\n%s%s", &said, log)
		}
	})
	wait.For(t, "FPM listens", func() bool {
		conn, err := net.Dial("unix", socket)
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
	script, err := filepath.Abs(filepath.Join(sdk, script))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(front{socket, script})
	t.Cleanup(server.Close)
	return server
}

// What a handler prints, or dies of, isn't what the gateway reads, under FPM either.
func TestFPMAnswersCleanly(t *testing.T) {
	fpm := startFPM(t, 2, "tests/Support/backends/webhook.php")
	node := harness.Start(t, harness.Env{"GATEPOST_WEBHOOK_URL": fpm.URL + "/?noise=1", "GATEPOST_WEBHOOK_SECRET": webhookSecret})
	client := node.Connect(t, harness.Dial{})
	for _, does := range []string{"", "echo", "flush", "warning"} {
		client.Send(t, does)
		client.WantText(t, "done")
	}
	for _, does := range []string{"exit", "exception", "fatal"} {
		node.Connect(t, harness.Dial{}).Send(t, does)
	}
	wait.For(t, "what failed is a dead letter", func() bool { return node.Metric(t, "gatepost_webhook_dead_letters") == 3 })
	client.Send(t, "still there")
	client.WantText(t, "done")

	response, err := http.Post(fpm.URL, "application/json", nil)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusUnauthorized {
		t.Errorf("an unsigned webhook is answered %d", response.StatusCode)
	}
}

// More events at once than the pool has children are answered, each once.
func TestFPMPoolThatIsFull(t *testing.T) {
	fpm := startFPM(t, 2, "tests/Support/backends/webhook.php")
	node := harness.Start(t, harness.Env{"GATEPOST_WEBHOOK_URL": fpm.URL, "GATEPOST_WEBHOOK_SECRET": webhookSecret})
	clients := make([]*harness.Client, 30)
	for i := range clients {
		clients[i] = node.Connect(t, harness.Dial{})
	}
	var sending sync.WaitGroup
	for _, c := range clients {
		sending.Go(func() {
			if err := c.TrySend("slow"); err != nil {
				t.Error(err)
			}
		})
	}
	sending.Wait()
	for _, c := range clients {
		c.WantText(t, "done")
		if n := c.Waiting(); n != 0 {
			t.Errorf("%d more answers", n)
		}
	}
}
