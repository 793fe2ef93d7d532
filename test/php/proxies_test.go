package php

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"gatepost/test/harness"
)

// apacheConf is an Apache of its own: folder, port, what stands in its virtual host.
const apacheConf = `
ServerRoot %[1]s
ServerName localhost
PidFile %[1]s/pid
Listen %[2]s
ErrorLog /dev/stderr
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule proxy_module /usr/lib/apache2/modules/mod_proxy.so
LoadModule proxy_http_module /usr/lib/apache2/modules/mod_proxy_http.so
%[3]s
<VirtualHost *>
%[4]s
ProxyPass /anew/ http://127.0.0.1:8080/
</VirtualHost>
`

// block is the code in docs/deploy.md that begins with this comment, for a node.
func block(t *testing.T, title string, node *harness.Node) string {
	t.Helper()
	page, err := os.ReadFile("../../docs/deploy.md")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile("(?s)```\\w+\n# " + regexp.QuoteMeta(title) + "\n(.*?)```").FindSubmatch(page)
	if found == nil {
		t.Fatalf("docs/deploy.md has no block %q", title)
	}
	return strings.ReplaceAll(string(found[1]), "127.0.0.1:8080", node.Addr)
}

func startApache(t *testing.T, node *harness.Node) string {
	t.Helper()
	const program = "/usr/sbin/apache2"
	if _, err := os.Stat(program); err != nil {
		t.Fatal("apache2 is missing: run scripts/setup.sh")
	}
	dir, addr, user := t.TempDir(), harness.ClosedPort(t), ""
	if os.Geteuid() == 0 {
		user = "User nobody\nGroup nogroup\n"
	}
	conf := fmt.Sprintf(apacheConf, dir, addr, user, block(t, "Apache: as sent", node))
	conf = strings.ReplaceAll(conf, "127.0.0.1:8080", node.Addr)
	file := filepath.Join(dir, "apache.conf")
	if err := os.WriteFile(file, []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	harness.Program(t, dir, addr, []string{program, "-f", file, "-DFOREGROUND"})
	return addr
}

// Behind proxies that write paths anew the library reaches whom it names and nobody else, and
// where they are told to pass paths on as they were sent everybody does.
func TestNamesBehindProxies(t *testing.T) {
	t.Parallel()
	node := harness.Start(t, nil)
	nginx, apache := harness.ClosedPort(t), startApache(t, node)
	harness.Nginx(t, nginx, block(t, "nginx: as sent, beside the servers", node)+"server { listen "+nginx+";"+
		block(t, "nginx: anew", node)+block(t, "nginx: as sent", node)+"location / { proxy_pass http://"+node.Addr+"; } }")

	names := []string{"a/b", "..", "../all", "../groups/victims", "100%", "%2e%2e%2Fall", "victims"}
	clients := map[string]*harness.Client{}
	api := node.API(t, "*")
	for _, name := range names {
		client := node.Connect(t, harness.Dial{})
		clients[name] = client
		api.Want(200, "", "POST", "/bind", fmt.Sprintf(`{"client_id":%q,"uid":%q}`, client.ID, name))
	}
	for _, base := range []string{nginx, nginx + "/anew", nginx + "/as-sent", apache + "/anew", apache + "/as-sent"} {
		t.Run(base[strings.Index(base, ":")+1:], func(t *testing.T) {
			for _, client := range clients { // dissolved by the one before
				api.Want(200, "", "POST", "/leave", fmt.Sprintf(`{"client_id":%q,"groups":[]}`, client.ID))
			}
			out := run(t, time.Minute, []string{"GATEPOST_URL=http://" + base, "GATEPOST_SECRET=" + harness.Secret},
				"php", append([]string{"../../test/php/names.php"}, names...)...)
			for _, name := range names {
				for _, want := range []string{"to uid " + name, "to group " + name} {
					clients[name].WantText(t, want)
				}
			}
			if out != "" {
				t.Errorf("it says %s", out)
			}
		})
	}
	for name, client := range clients {
		if client.Waiting() > 0 {
			t.Errorf("%q got what was for others: %q", name, client.Text(t))
		}
	}

	// By hand, with names in paths.
	for _, base := range []string{nginx, nginx + "/as-sent", apache + "/as-sent"} {
		front := (&harness.Node{Addr: base}).API(t, "*")
		for _, name := range []string{"a/b", "100%", "%2e%2e%2Fall"} {
			front.Want(200, fmt.Sprintf(`{"uid":%q,"online":true,"clients":[%q]}`, name, clients[name].ID), "GET", "/uids/"+url.PathEscape(name), "")
		}
		if r := front.Do("POST", "/push/groups/..%2Fall", "to nobody"); !slices.Contains([]int{400, 404}, r.Status) {
			t.Errorf("%s: a path with a step is answered %d %s", base, r.Status, r.Body)
		}
	}
	anew := (&harness.Node{Addr: nginx + "/anew"})
	anew.API(t, "push:group:../all").WantProblem(403, "forbidden", "POST", "/push/groups/..%2Fall", "to nobody")
	anew.API(t, "*").WantProblem(404, "not_found", "GET", "/groups/a%2Fb", "")
	except := func(n int) string {
		return "/push/all?" + strings.Repeat("&except_client="+strings.Repeat("a", 40), n)[1:]
	}
	for _, tt := range []struct {
		addr          string
		n, wantStatus int
	}{{nginx, 200, 414}, {node.Addr, 1000, 431}} {
		if r := (&harness.Node{Addr: tt.addr}).API(t, "*").Do("POST", except(tt.n), "to nobody"); r.Status != tt.wantStatus {
			t.Errorf("%d names in an address: got %d, want %d", tt.n, r.Status, tt.wantStatus)
		}
	}
	for name, client := range clients {
		if client.Waiting() > 0 {
			t.Errorf("%q got what was for nobody", name)
		}
	}
	anew.API(t, "*").Want(200, fmt.Sprintf(`{"matched":%d,"queued":%[1]d,"dropped":0}`, len(names)), "POST", "/push/groups/..%2Fall", "to everybody")
}
