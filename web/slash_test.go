package web

import (
	"io"
	"maps"
	"net/http"
	"net/url"
	"testing"

	"github.com/labstack/echo/v4"
)

// socketsAt says how the path reached it.
type socketsAt string

func (s socketsAt) Matches(r *http.Request) bool { return r.URL.Path == string(s) }

func (socketsAt) Upgrade(c echo.Context) error {
	return c.String(http.StatusUpgradeRequired, c.Request().URL.Path)
}

func TestTwoSlashesAtTheBeginning(t *testing.T) {
	r := run(t, Config{AdminAddr: "127.0.0.1:0"}, Deps{Sockets: socketsAt("/ws")})
	admin := "http://" + r.AdminAddr().String()
	for url, want := range map[string]int{
		r.url("//healthz"): 200, r.url("///healthz"): 404, r.url("/%2Fhealthz"): 404, r.url("/healthz/"): 404,
		r.url("//ws"): 426, r.url("//ws?a=//b"): 426, r.url("///ws"): 404,
		r.url("//groups/a%2Fb"): 200, r.url("/groups/%2Fa"): 200, r.url("//groups//a"): 404, r.url("/groups//a"): 404, r.url("//groups/"): 404,
		r.url("//"): 404, r.url("/"): 404,
		admin + "//metrics": 200, admin + "///metrics": 307, admin + "//debug/pprof/cmdline": 200,
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+r.token("*"))
		resp, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("%s: got %d, want %d", url, resp.StatusCode, want)
		}
	}
}

func TestOneSlash(t *testing.T) {
	for path, want := range map[string]string{
		"/": "/", "//": "/", "/a": "/a", "//a": "/a", "///a": "//a", "/a//b": "/a//b", "//a//b": "/a//b",
		"/%2Fa": "/%2Fa", "//%2Fa": "/%2Fa", "//a%2Fb": "/a%2Fb", "*": "*", "": "",
	} {
		u := &url.URL{Path: path}
		if path != "*" && path != "" {
			var err error
			if u, err = url.ParseRequestURI(path); err != nil {
				t.Fatal(err)
			}
		}
		if oneSlash(u); u.EscapedPath() != want {
			t.Errorf("%q: got %q, want %q", path, u.EscapedPath(), want)
		}
	}
}

// A HEAD is a GET without its body, wherever there is a GET.
func TestHead(t *testing.T) {
	r := run(t, Config{AdminAddr: "127.0.0.1:0"}, Deps{Sockets: socketsAt("/ws")})
	other := run(t, Config{}, Deps{})
	admin := "http://" + r.AdminAddr().String()
	ask := func(method, url string) (int, http.Header, string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+r.token("*"))
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		resp.Header.Del("Date")
		return resp.StatusCode, resp.Header, string(body)
	}
	for _, url := range []string{
		r.url("/healthz"), r.url("/readyz"), r.url("/openapi.yaml"), r.url("/ws"), r.url("/stats"), r.url("/groups"), r.url("/groups/a"), r.url("/uids"), r.url("/uids/a"),
		r.url("/clients"), r.url("/clients/a"), r.url("/clients/a/session"), r.url("/events/dead"), r.url("/events/dead/a"), r.url("/nowhere"), r.url("/groups?pretty=1"),
		admin + "/healthz", admin + "/readyz", admin + "/debug/pprof/cmdline",
	} {
		status, header, _ := ask(http.MethodGet, url)
		gotStatus, got, body := ask(http.MethodHead, url)
		if gotStatus != status || body != "" || !maps.EqualFunc(got, header, func(a, b []string) bool { return len(a) == len(b) && a[0] == b[0] }) {
			t.Errorf("HEAD %s: %d %v %q\nGET: %d %v", url, gotStatus, got, body, status, header)
		}
	}
	for _, url := range []string{other.url("/metrics"), admin + "/metrics"} { // which tells of itself
		if status, _, body := ask(http.MethodHead, url); status != 200 || body != "" {
			t.Errorf("HEAD %s: %d %q", url, status, body)
		}
	}
	for _, path := range []string{"/push", "/bind", "/nowhere"} {
		if status, _, _ := ask(http.MethodHead, r.url(path)); status == 200 {
			t.Errorf("HEAD %s: there is no GET", path)
		}
	}
}
