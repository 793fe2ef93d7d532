package browser

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gatepost/test/harness"
)

// chat is examples/php-chat on PHP's built-in server, with a gateway before it.
type chat struct {
	url  string
	node *harness.Node
}

func newChat(t *testing.T) *chat {
	t.Helper()
	php := need(t, "php")
	site, gateway := harness.ClosedPort(t), harness.ClosedPort(t)
	harness.Program(t, "../../examples/php-chat", site, []string{php, "-S", site, "webhook.php"}, "PHP_CLI_SERVER_WORKERS=8",
		"GATEPOST_SECRET="+harness.Secret, "GATEPOST_WEBHOOK_SECRET="+harness.WebhookSecret,
		"PUBLIC_WS_URL=ws://"+gateway+"/ws", "CHAT_DB="+filepath.Join(t.TempDir(), "chat.sqlite"))
	return &chat{url: "http://" + site + "/", node: harness.Start(t, harness.Env{
		"GATEPOST_ADDR": gateway, "GATEPOST_ORIGINS": "http://" + site,
		"GATEPOST_WEBHOOK_URL": "http://" + site + "/", "GATEPOST_WEBHOOK_SECRET": harness.WebhookSecret,
	})}
}

// join opens the page in a window and joins under this name.
func (c *chat) join(t *testing.T, w *window, name string) {
	t.Helper()
	w.fill("#name", name)
	w.shows("#status", "Here as "+name)
}

// online waits until the page's list has these names, in this order.
func (w *window) online(names ...string) {
	w.t.Helper()
	w.wait(fmt.Sprintf("%q to be online", names), fmt.Sprintf(
		`document.body.dataset.state === "open" && [...document.querySelectorAll("#online li")].map((e) => e.textContent).join() === %q`, strings.Join(names, ",")))
}

func TestPHPChatInTwoWindows(t *testing.T) {
	c := newChat(t)
	browser := newBrowser(t)
	anna, bob, eve := tab(t, browser, c.url), tab(t, browser, c.url), tab(t, browser, c.url)
	c.join(t, anna, "Anna")
	anna.online("Anna (you)")
	c.join(t, bob, "Bob Ä.")
	c.join(t, eve, "Eve")
	anna.online("Anna (you)", "Bob Ä.", "Eve")
	bob.online("Anna", "Bob Ä. (you)", "Eve")
	anna.shows("#lines .note", "Bob Ä. is here")

	const markup = `<img src=x onerror="document.title='owned'"> & you?`
	anna.fill("#text", markup)
	anna.shows("#lines .mine", "Anna"+markup)
	bob.shows("#lines li", "Anna"+markup)

	bob.choose("#to", "Anna")
	bob.fill("#text", "just between us")
	anna.shows("#lines .private", "Bob Ä.just between us")
	bob.shows("#lines .mine.private", "to Annajust between us")

	announce := exec.CommandContext(t.Context(), "php", "announce.php", "We restart at noon")
	announce.Dir = "../../examples/php-chat"
	announce.Env = []string{"PATH=" + filepath.Dir(need(t, "php")), "GATEPOST_URL=http://" + c.node.Addr, "GATEPOST_SECRET=" + harness.Secret}
	if out, err := announce.CombinedOutput(); err != nil || string(out) != "matched 3, queued 3, dropped 0\n" {
		t.Errorf("announce.php: %v, %s", err, out)
	}
	for _, w := range []*window{anna, bob, eve} {
		w.shows("#lines .announce", "We restart at noon")
	}
	if said := eve.text("#lines"); strings.Contains(said, "between us") {
		t.Errorf("Eve reads what is private:\n%s", said)
	}
	anna.picture("php-chat-light", 1000, 700, "light")
	anna.picture("php-chat-dark", 1000, 700, "dark")
	anna.picture("php-chat-narrow", 420, 700, "light")

	eval[bool](bob, `document.querySelector("#leave").click() === undefined`)
	bob.shows("#status", "Not connected")
	anna.shows("#lines .note", "Bob Ä. has left")
	anna.online("Anna (you)", "Eve")
	eve.end()
	anna.online("Anna (you)")
	c.join(t, bob, "Bob again")
	anna.online("Anna (you)", "Bob again")
}

// The online list is right again within 10 seconds of a gateway's death, also
// where somebody went away while it was dead; and what was written meanwhile
// comes.
func TestPHPChatIsRightAfterItsGatewayDied(t *testing.T) {
	c := newChat(t)
	browser := newBrowser(t)
	anna, bob, eve := tab(t, browser, c.url), tab(t, browser, c.url), tab(t, browser, c.url)
	c.join(t, anna, "Anna")
	c.join(t, bob, "Bob")
	c.join(t, eve, "Eve")
	anna.online("Anna (you)", "Bob", "Eve")

	c.node.Kill()
	died := time.Now()
	anna.shows("#status", "Away")
	anna.fill("#text", "written while away")
	eve.end()
	c.node = c.node.Restart(t, nil)
	for w, names := range map[*window][]string{anna: {"Anna (you)", "Bob"}, bob: {"Anna", "Bob (you)"}} {
		w.online(names...)
	}
	took := time.Since(died)
	t.Logf("the lists are right %.1f s after the gateway's death", took.Seconds())
	if took > 10*time.Second {
		t.Errorf("the lists are right only after %s", took)
	}
	anna.shows("#lines .mine", "Annawritten while away") // Bob may have come back after it
}

// A name that is none is refused by the page's own site; who has no token is
// refused by the chat.
func TestPHPChatRefuses(t *testing.T) {
	c := newChat(t)
	w := tab(t, newBrowser(t), c.url)
	w.fill("#name", "<Anna>")
	w.shows("#status", "A name has 1 to 32 letters")
	if _, err := c.node.TryConnect(t, harness.Dial{}); err == nil || !strings.HasPrefix(err.Error(), "refused with 403: Connect with a token") {
		t.Errorf("without a token: %v", err)
	}
	for _, path := range []string{"var/chat.sqlite", "webhook.php", "sdk/../chat.sqlite", "public/index.html"} {
		if r := harness.Get(t, strings.TrimSuffix(strings.TrimPrefix(c.url, "http://"), "/"), "/"+path); r.Status != 404 {
			t.Errorf("/%s answers %d", path, r.Status)
		}
	}
}
