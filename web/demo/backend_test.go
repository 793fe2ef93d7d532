package demo

import (
	"bufio"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
)

// oneSignature takes the signature "good" and no other.
type oneSignature struct{}

func (oneSignature) Verify(_, _, signature string, _ []byte, _ time.Time) error {
	if signature != "good" {
		return errors.New("wrong")
	}
	return nil
}

func newDemo(t *testing.T, observe func(Exchange)) (*Demo, *httptest.Server) {
	t.Helper()
	d := New(Config{
		Verifier: oneSignature{},
		Token:    func() (string, error) { return "a.b.c", nil },
		WSPath:   "/ws",
		Observe:  observe,
	})
	e := echo.New()
	d.Register(e)
	e.Any("/hook", echo.WrapHandler(d.Backend()))
	server := httptest.NewServer(e)
	t.Cleanup(server.Close)
	t.Cleanup(d.Close)
	return d, server
}

func deliver(t *testing.T, server *httptest.Server, id, signature, body string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+"/hook", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("webhook-id", id)
	request.Header.Set("webhook-signature", signature)
	request.Header.Set("gatepost-attempt", "1")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(answer)
}

const connectEvent = `{"type":"connect","id":"evt_1","timestamp":"2026-11-22T12:00:00.123Z","data":{"client_id":"abc","seq":0,"uid":null,"groups":[],` +
	`"session":{},"remote_addr":"127.0.0.1","remote_port":1,"connected_at":"2026-11-22T12:00:00.123Z","node":"n",` +
	`"request":{"path":"/ws","query":{},"raw_query":"","headers":{"host":"h"},"cookies":{"sid":"s3cret"},"subprotocols":[],"claims":null}}}`

func TestBackendActsOnlyOnWhatIsSigned(t *testing.T) {
	var seen []Exchange
	_, server := newDemo(t, func(x Exchange) { seen = append(seen, x) })
	if status, _ := deliver(t, server, "evt_1", "bad", connectEvent); status != http.StatusUnauthorized {
		t.Errorf("a bad signature: got %d", status)
	}
	if status, _ := deliver(t, server, "evt_2", "good", "not json"); status != http.StatusBadRequest {
		t.Errorf("no event: got %d", status)
	}
	if status, _ := deliver(t, server, "evt_3", "good", strings.Repeat(" ", maxBody+1)); status != http.StatusRequestEntityTooLarge {
		t.Errorf("a huge body: got %d", status)
	}
	if response, err := http.Get(server.URL + "/hook"); err != nil || response.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("GET: got %v, %v", response, err)
	}
	if len(seen) != 0 {
		t.Fatalf("%d exchanges were shown, want none", len(seen))
	}
	if status, answer := deliver(t, server, "evt_1", "good", connectEvent); status != 200 || !strings.Contains(answer, "hello") {
		t.Errorf("a signed event: got %d %s", status, answer)
	}
	if len(seen) != 1 || strings.Contains(string(seen[0].Event), "s3cret") || !strings.Contains(string(seen[0].Event), `"sid"`) {
		t.Errorf("shown: %+v", seen)
	}
}

func TestBackendAnswersARepeatAlike(t *testing.T) {
	_, server := newDemo(t, nil)
	join := `{"type":"message","data":{"client_id":"abc","message":{"text":"{\"type\":\"join\",\"room\":\"r\",\"name\":\"anna\"}"}}}`
	_, first := deliver(t, server, "evt_1", "good", join)
	_, again := deliver(t, server, "evt_1", "good", join)
	_, other := deliver(t, server, "evt_2", "good", join)
	if first != again {
		t.Errorf("a repeat was answered\n%s, not\n%s", again, first)
	}
	if first == other {
		t.Errorf("another event was answered like the first: %s", other)
	}
}

// The stream carries each exchange with an id, and ends when the demo does.
func TestStream(t *testing.T) {
	d, server := newDemo(t, nil)
	response, err := http.Get(server.URL + "/demo/wire")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	deliver(t, server, "evt_1", "good", connectEvent)
	lines := bufio.NewScanner(response.Body)
	for lines.Scan() && !strings.HasPrefix(lines.Text(), "id: ") {
	}
	if want := "id: " + d.wire.id(1); lines.Text() != want {
		t.Fatalf("got %q, want %q", lines.Text(), want)
	}
	if !lines.Scan() || !strings.Contains(lines.Text(), `"verbs":["session","send"]`) {
		t.Errorf("got %q", lines.Text())
	}
	d.Close()
	for lines.Scan() {
	}
	if err := lines.Err(); err != nil {
		t.Errorf("the stream ended with %v", err)
	}
}

// A HEAD ends, that of the stream too.
func TestHead(t *testing.T) {
	_, server := newDemo(t, nil)
	for _, path := range []string{"/", "/demo/page.css", "/demo/page.js", "/demo/icon.svg", "/demo/setup", "/demo/wire"} {
		answer, err := http.Head(server.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != http.StatusOK || answer.Header.Get("Content-Type") == "" {
			t.Errorf("%s: %s %v", path, answer.Status, answer.Header)
		}
	}
}

func TestPageMayLoadItsOwnFilesOnly(t *testing.T) {
	_, server := newDemo(t, nil)
	for path, want := range map[string]string{
		"/": "text/html", "/demo/page.css": "text/css", "/demo/page.js": "text/javascript", "/demo/icon.svg": "image/svg+xml",
	} {
		response, err := http.Get(server.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(response.Body)
		response.Body.Close()
		if got := response.Header.Get("Content-Type"); response.StatusCode != 200 || !strings.HasPrefix(got, want) {
			t.Errorf("%s: got %d %s", path, response.StatusCode, got)
		}
		if got := response.Header.Get("Content-Security-Policy"); !strings.HasPrefix(got, "default-src 'none'; script-src 'self'") {
			t.Errorf("%s: policy %q", path, got)
		}
		for _, foreign := range []string{"https://", "innerHTML", "style=\"", "onclick=\""} {
			if strings.Contains(string(body), foreign) {
				t.Errorf("%s holds %q", path, foreign)
			}
		}
	}
}

// What a client says can't move the cursor or colour the terminal.
func TestExchangeOnATerminal(t *testing.T) {
	x := Exchange{Type: "message", ClientID: "nodenode12345678rest", Status: 200, Verbs: []string{"send"}, said: "\x1b[2J\u202e" + strings.Repeat("x", 100)}
	got := x.String()
	if strings.ContainsAny(got, "\x1b\u202e") || len(got) > 140 || !strings.Contains(got, "12345678") {
		t.Errorf("got %q", got)
	}
}

// Without the header the gateway would take these for a proxy's, and try again.
func TestBackendMeansItsRefusals(t *testing.T) {
	_, server := newDemo(t, nil)
	for _, c := range []struct {
		method, body string
		status       int
	}{
		{http.MethodGet, "", http.StatusMethodNotAllowed},
		{http.MethodPost, strings.Repeat(" ", maxBody+1), http.StatusRequestEntityTooLarge},
	} {
		request, err := http.NewRequestWithContext(t.Context(), c.method, server.URL+"/hook", strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != c.status || response.Header.Get("gatepost-refuse") != "1" {
			t.Errorf("%s: %d %v", c.method, response.StatusCode, response.Header)
		}
	}
}
