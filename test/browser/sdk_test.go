package browser

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"gatepost/test/harness"
	"gatepost/test/wait"
)

// sdkPage is a page with the JavaScript client library on it, and a place that
// answers its tokens.
const sdkPage = `<!doctype html><link rel="icon" href="data:,"><body></body><script type="module">
import { Client } from "/sdk/client.js";
window.start = (url, options) => {
	window.seen = { message: [], open: [], close: [], state: [], error: [] };
	window.client = new Client(url, { reconnect: { minDelay: 50, maxDelay: 200 }, ...options });
	for (const event in seen) client.on(event, (value) => seen[event].push(value));
	return true;
};
window.fetchToken = async () => (await fetch("/token", { method: "POST" })).text();
</script>`

// sdkTab is a page at a server of its own, with a gateway that allows it, and a
// backend that answers as it is told.
type sdkTab struct {
	*window
	node    *harness.Node
	backend *harness.Backend
	tokens  []func() harness.Claims // of the tokens that the page gets, in turn; the last one goes on
}

// plain are the claims of a token with nothing in particular.
func plain() harness.Claims { return nil }

func newSDKTab(t *testing.T, answer func(*harness.Delivery) harness.Answer) *sdkTab {
	t.Helper()
	s := &sdkTab{backend: harness.NewBackend(t, answer), tokens: []func() harness.Claims{plain}}
	mux := http.NewServeMux()
	mux.Handle("GET /sdk/", http.StripPrefix("/sdk/", http.FileServer(http.Dir("../../sdk/js/src"))))
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("content-type", "text/html")
		_, _ = w.Write([]byte(sdkPage))
	})
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, _ *http.Request) { // one page, one call at a time
		_, _ = w.Write([]byte(harness.ClientToken(t, "anna", s.tokens[0]())))
		if len(s.tokens) > 1 {
			s.tokens = s.tokens[1:]
		}
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	s.node = harness.Start(t, s.backend.Env(harness.Env{"GATEPOST_ORIGINS": server.URL}))
	s.window = tab(t, newBrowser(t), server.URL)
	s.wait("the library", `window.start !== undefined`)
	return s
}

// start makes a client on the page with these options, in JavaScript.
func (s *sdkTab) start(options string) {
	s.t.Helper()
	eval[bool](s.window, fmt.Sprintf(`start("ws://%s/ws", %s)`, s.node.Addr, options))
}

func (s *sdkTab) opened(times int) {
	s.t.Helper()
	s.wait(fmt.Sprintf("connection %d", times), fmt.Sprintf(`seen.open.length === %d && client.state === "open"`, times))
}

func (s *sdkTab) restart() {
	s.t.Helper()
	s.node = s.node.Restart(s.t, harness.Env{"GATEPOST_ADDR": s.node.Addr})
}

func (s *sdkTab) closes(want string) {
	s.t.Helper()
	if got := eval[string](s.window, `seen.close.map(({ code }) => code).join(" ")`); got != want {
		s.t.Errorf("the connections ended with %q, want %q", got, want)
	}
}

// received are the texts of the messages that the backend got.
func (s *sdkTab) received(n int) []string {
	s.t.Helper()
	var texts []string
	for _, d := range s.backend.Await(s.t, n, func(d *harness.Delivery) bool { return d.Event.Type == "message" }) {
		texts = append(texts, *d.Event.Data.Message.Text)
	}
	return texts
}

// After a gateway that was killed, and one that drained, the page comes back, and
// what it sent meanwhile arrives, in order.
func TestSDKComesBack(t *testing.T) {
	for _, c := range []struct {
		signal syscall.Signal
		code   string
	}{{syscall.SIGKILL, "1006"}, {syscall.SIGTERM, "1001"}} {
		t.Run(c.signal.String(), func(t *testing.T) {
			s := newSDKTab(t, nil)
			s.start(`{ token: fetchToken }`)
			s.opened(1)
			s.node.API(t, "push").Want(200, "", "POST", "/push/uids/anna", `"pushed"`)
			s.wait("the push", `seen.message[0] === '"pushed"'`)
			s.node.Signal(c.signal)
			s.node.Exit(wait.Patience)
			s.wait("the page to notice", `client.state !== "open"`)
			if code, _, _ := strings.Cut(eval[string](s.window, `seen.close.map(({ code }) => code).join(" ")`), " "); code != c.code {
				t.Errorf("the connection ended with %s, want %s", code, c.code)
			}
			kept := eval[string](s.window, `Array.from({ length: 101 }, (_, i) => client.send("message " + i)).join(" ")`)
			if want := strings.Repeat("true ", 100) + "false"; kept != want {
				t.Errorf("send says %s", kept)
			}
			s.restart()
			s.opened(2)
			eval[bool](s.window, `client.send({ at: "last" })`)
			want := make([]string, 100, 101)
			for i := range want {
				want[i] = fmt.Sprintf("message %d", i)
			}
			if got := s.received(101); !slices.Equal(got, append(want, `{"at":"last"}`)) {
				t.Errorf("the backend got %q", got)
			}
			if ids := eval[int](s.window, `new Set(seen.open.map(({ clientId }) => clientId)).size`); ids != 2 {
				t.Errorf("two connections had %d client_ids", ids)
			}
		})
	}
}

// A client whose time is over, or whose token is refused, fetches a new one.
func TestSDKRenewsItsToken(t *testing.T) {
	s := newSDKTab(t, nil)
	s.tokens = []func() harness.Claims{
		func() harness.Claims { return harness.Claims{"exp": 1} },
		func() harness.Claims { return harness.Claims{"until": time.Now().Unix() + 2} },
		plain,
	}
	s.start(`{ token: fetchToken }`)
	s.opened(2)
	s.closes("4041 4001")
}

// Who is refused stays away: by the backend, and for the page's Origin.
func TestSDKStaysAway(t *testing.T) {
	s := newSDKTab(t, func(*harness.Delivery) harness.Answer { return harness.Answer{Status: 403, Body: "not you"} })
	refused := func() {
		t.Helper()
		s.start(`{ token: fetchToken }`)
		s.wait("the refusal", `client.state === "closed"`)
		s.closes("4043")
		if n := eval[int](s.window, `seen.open.length`); n != 0 {
			t.Errorf("a refusal counts as %d connections", n)
		}
	}
	refused()
	if reason := eval[string](s.window, `seen.close[0].reason`); reason != "not you" {
		t.Errorf("the reason is %q", reason)
	}
	s.node.Kill()
	s.node = s.node.Restart(t, harness.Env{"GATEPOST_ORIGINS": "https://elsewhere.example"})
	refused()
}

// A page that comes online again doesn't wait any longer.
func TestSDKHurriesWhenOnline(t *testing.T) {
	s := newSDKTab(t, nil)
	s.start(`{ tokenIn: "query", token: fetchToken, reconnect: { minDelay: 1e9, maxDelay: 1e9 } }`)
	s.opened(1)
	s.node.Kill()
	s.wait("the page to notice", `client.state === "waiting"`)
	s.restart()
	eval[bool](s.window, `window.dispatchEvent(new Event("online"))`)
	s.opened(2)
}
