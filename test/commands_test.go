package test

import (
	"strings"
	"testing"

	"gatepost/test/harness"
)

// The commands call a running node with tokens of their own, no wider than what
// they do.
func TestCommandsAgainstARunningNode(t *testing.T) {
	t.Parallel()
	node := harness.Start(t, harness.NewBackend(t, nil).Env(nil))
	env := harness.Env{"GATEPOST_URL": "http://" + node.Addr, "GATEPOST_SECRET": harness.Secret}
	run := func(args ...string) string {
		t.Helper()
		out, errs, status := harness.Command(t, env, args...)
		if status != 0 {
			t.Fatalf("gatepost %v: status %d: %s%s", args, status, out, errs)
		}
		return strings.TrimSpace(out)
	}
	token := run("token", "client", "--uid", "x *", "--group", "room *")
	c := node.Connect(t, harness.Dial{Path: "/ws?token=" + token})
	other := node.Connect(t, harness.Dial{Path: "/ws?token=" + harness.ClientToken(t, "x y", harness.Claims{"groups": []string{"room y"}})})
	run("push", "uid", "x *", "to a uid")
	c.WantText(t, "to a uid")
	run("push", "group", "room *", "to a group")
	c.WantText(t, "to a group")
	run("push", "client", c.ID, "to a client")
	c.WantText(t, "to a client")
	run("push", "all", "to all")
	c.WantText(t, "to all")
	other.WantText(t, "to all")
	if out := run("clients"); !strings.Contains(out, c.ID) || !strings.Contains(out, other.ID) {
		t.Errorf("gatepost clients prints %s", out)
	}
	if out := run("stats"); !strings.Contains(out, "BREAKER") || !strings.Contains(out, "closed") {
		t.Errorf("gatepost stats prints %s", out)
	}
	run("dead", "list")
	run("healthcheck", "--addr", node.Addr, "--ready")
	api := run("token", "api", "--scope", "push:group:room%20%2A")
	node.APIWith(t, api).Want(200, `{"matched":1,"queued":1,"dropped":0}`, "POST", "/push/groups/room%20%2A", "by a printed token")
	c.WantText(t, "by a printed token")

	for _, c := range []struct {
		status int
		args   []string
	}{
		{2, []string{"dance"}}, {2, []string{"push"}}, {2, []string{"push", "uid", "x"}}, {2, []string{"token", "api", "--scope", "dance"}},
		{1, []string{"healthcheck", "--addr", harness.ClosedPort(t)}},
		{1, []string{"push", "client", strings.Repeat("z", 32), "nobody"}}, {0, []string{"--help"}}, {0, []string{"version"}},
	} {
		if _, _, status := harness.Command(t, env, c.args...); status != c.status {
			t.Errorf("gatepost %v: status %d, want %d", c.args, status, c.status)
		}
	}
}

// gatepost secret prints what a node needs, and trigger shows a backend one signed
// event as that node would send it.
func TestSecretAndTrigger(t *testing.T) {
	t.Parallel()
	out, _, status := harness.Command(t, nil, "secret")
	if status != 0 || !strings.Contains(out, "GATEPOST_SECRET=") || !strings.Contains(out, "GATEPOST_WEBHOOK_SECRET=") {
		t.Fatalf("gatepost secret: status %d: %s", status, out)
	}
	env := harness.Env{}
	for line := range strings.Lines(out) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok && strings.HasPrefix(name, "GATEPOST_") {
			env[name] = strings.Trim(value, `"'`)
		}
	}
	node := harness.Start(t, harness.Env{"GATEPOST_SECRET": env["GATEPOST_SECRET"], "GATEPOST_WEBHOOK_URL": "http://" + harness.ClosedPort(t), "GATEPOST_WEBHOOK_SECRET": env["GATEPOST_WEBHOOK_SECRET"]})
	if r := harness.Get(t, node.Addr, "/readyz"); r.Status != 200 {
		t.Errorf("a node with these secrets answers %d", r.Status)
	}

	backend := harness.NewBackend(t, echo)
	for _, event := range []string{"connect", "message", "close"} {
		out, errs, status := harness.Command(t, harness.Env{"GATEPOST_WEBHOOK_SECRET": harness.WebhookSecret}, "trigger", event, "--url", backend.URL)
		if status != 0 || !strings.Contains(out, "200") {
			t.Errorf("gatepost trigger %s: status %d: %s%s", event, status, out, errs)
		}
		if n := len(backend.Received(harness.Of(event, ""))); n != 1 {
			t.Errorf("the backend got %d events of type %s", n, event)
		}
	}
}
