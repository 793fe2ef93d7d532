// Package docs holds the documentation against the program: what it names has to
// exist, and what exists has to be named.
package docs

import (
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gatepost/app/config"
	"gatepost/test/harness"
)

const root = "../.."

func TestMain(m *testing.M) { harness.Main(m) }

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// pages are all Markdown pages of the repository, by path from its root.
func pages(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/adr/*.md", "examples/*.md", "examples/*/*.md", "sdk/*/*.md"} {
		paths, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			name, err := filepath.Rel(root, path)
			if err != nil {
				t.Fatal(err)
			}
			found[name] = read(t, name)
		}
	}
	return found
}

var (
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ +(.*)$`)
	fenced  = regexp.MustCompile("(?s)```.*?```")
)

// anchor is what GitHub makes of a heading.
func anchor(heading string) string {
	heading = regexp.MustCompile(`\[([^]]*)\]\([^)]*\)`).ReplaceAllString(heading, "$1")
	kept := regexp.MustCompile(`[^\p{L}\p{N} _-]`).ReplaceAllString(strings.ToLower(heading), "")
	return strings.ReplaceAll(kept, " ", "-")
}

func TestLinksLeadSomewhere(t *testing.T) {
	all := pages(t)
	for name, text := range all {
		for _, match := range link.FindAllStringSubmatch(fenced.ReplaceAllString(text, ""), -1) {
			target, fragment, _ := strings.Cut(match[1], "#")
			if strings.Contains(target, "://") {
				continue
			}
			path := name
			if target != "" {
				path = filepath.Join(filepath.Dir(name), target)
			}
			if _, err := os.Stat(filepath.Join(root, path)); err != nil {
				t.Errorf("%s: the link %s leads nowhere", name, match[1])
				continue
			}
			if fragment == "" {
				continue
			}
			var anchors []string
			for _, h := range heading.FindAllStringSubmatch(fenced.ReplaceAllString(all[path], ""), -1) {
				anchors = append(anchors, anchor(h[1]))
			}
			if !slices.Contains(anchors, fragment) {
				t.Errorf("%s: %s has no heading #%s", name, path, fragment)
			}
		}
	}
}

// docs/README.md is the list of all pages and decisions.
func TestEveryPageIsListed(t *testing.T) {
	list := read(t, "docs/README.md")
	for name := range pages(t) {
		path, ok := strings.CutPrefix(name, "docs/")
		if ok && path != "README.md" && !strings.Contains(list, "]("+path+")") {
			t.Errorf("docs/README.md doesn't list %s", path)
		}
	}
}

func TestSettingsThatAreNamedExist(t *testing.T) {
	known := []string{"GATEPOST_URL", "GATEPOST_TOKEN", "GATEPOST_TOKEN_FILE", // of the commands that call
		"GATEPOST_PORT", "GATEPOST_SERVICE_HOST", // Kubernetes' own
		"GATEPOST_TEST_OUTAGE", // of the end-to-end tests
		"GATEPOST_DRIAN"}       // an example of a fault
	for _, key := range config.Keys() {
		known = append(known, key.Env)
	}
	setting := regexp.MustCompile(`GATEPOST_[A-Z_]+[A-Z]`)
	all := pages(t)
	maps.Copy(all, deployments(t))
	for name, text := range all {
		for _, found := range setting.FindAllString(text, -1) {
			if !slices.Contains(known, found) {
				t.Errorf("%s: there is no setting %s", name, found)
			}
		}
	}
}

// Every call that the API describes has its row in the protocol, or at least its
// path.
func TestEveryCallIsDocumented(t *testing.T) {
	protocol := read(t, "docs/protocol.md")
	// "`POST /groups/{group}/join`, `/leave`" names the second by its end.
	ends := map[string]string{"/groups/{group}/leave": "`/leave`"}
	for _, match := range regexp.MustCompile(`(?m)^  (/\S+):$`).FindAllStringSubmatch(read(t, "web/api/openapi.yaml"), -1) {
		path := match[1]
		if end, ok := ends[path]; ok {
			path = end
		}
		if !strings.Contains(protocol, path) {
			t.Errorf("docs/protocol.md has no %s", match[1])
		}
	}
}

func TestEveryMetricIsDocumented(t *testing.T) {
	node := harness.Start(t, harness.Env{
		"GATEPOST_WEBHOOK_URL": "http://127.0.0.1:9/", "GATEPOST_WEBHOOK_SECRET": "whsec_ZG9jdW1lbnRhdGlvbi10ZXN0LXNlY3JldC1vZi0zMmI=",
		"GATEPOST_CLUSTER_LISTEN": "127.0.0.1:0",
	})
	if _, err := node.TryConnect(t, harness.Dial{}); err == nil {
		t.Fatal("a connect was accepted by nobody")
	}
	response, err := http.Get("http://" + node.Admin + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	operations := read(t, "docs/operations.md")
	exported := map[string]bool{}
	for _, match := range regexp.MustCompile(`(?m)^# TYPE (gatepost_\w+)`).FindAllStringSubmatch(string(body), -1) {
		exported[match[1]] = true
		if !strings.Contains(operations, "`"+match[1]+"`") {
			t.Errorf("docs/operations.md has no %s", match[1])
		}
	}
	if len(exported) < 15 {
		t.Errorf("only %d metrics are exported: %v", len(exported), slices.Sorted(maps.Keys(exported)))
	}
}

// functions are those of GatewayWorker's Gateway class.
const functions = `sendToAll sendToClient sendToCurrentClient closeClient closeCurrentClient destroyClient isOnline bindUid
unbindUid isUidOnline isUidsOnline getClientIdByUid batchGetClientIdByUid getUidByClientId sendToUid joinGroup leaveGroup
ungroup sendToGroup getClientCountByGroup batchGetClientIdCountByGroup getClientSessionsByGroup getClientIdListByGroup
getUidListByGroup getUidCountByGroup getAllClientCount getAllClientIdList getAllClientSessions getAllUidList getAllUidCount
getAllGroupIdList getAllGroupUidCount getAllGroupUidList getAllGroupClientIdList getAllGroupClientIdCount setSession
updateSession getSession`

func TestEveryGatewayWorkerFunctionHasItsRow(t *testing.T) {
	page := read(t, "docs/from-gatewayworker.md")
	for _, name := range strings.Fields(functions) {
		if !regexp.MustCompile(`(?m)^\| .*` + name + `\(.*\|.*(GET|POST|PUT|PATCH|DELETE|HEAD|action|reply)`).MatchString(page) {
			t.Errorf("docs/from-gatewayworker.md has no row for %s", name)
		}
	}
	for _, name := range strings.Fields("onWorkerStart onConnect onWebSocketConnect onMessage onClose onWorkerStop " +
		"registerAddress lanIp startPort pingInterval pingNotResponseLimit pingData") {
		if !strings.Contains(page, name) {
			t.Errorf("docs/from-gatewayworker.md has no %s", name)
		}
	}
}
