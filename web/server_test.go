package web

import (
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/labstack/echo/v4"
	"github.com/pb33f/libopenapi"

	"gatepost/web/api"
)

func TestHealth(t *testing.T) {
	var draining atomic.Bool
	r := run(t, Config{AdminAddr: "127.0.0.1:0"}, Deps{Checks: []Check{
		{"store", func() string { return "" }},
		{"draining", func() string {
			if draining.Load() {
				return "this node is shutting down"
			}
			return ""
		}},
	}})
	admin := "http://" + r.AdminAddr().String()
	expect := func(url string, status int, want string) {
		t.Helper()
		got, header, body := r.get(url, "")
		if got != status || strings.TrimSpace(body) != want || header.Get("Content-Type") != "application/json" {
			t.Errorf("%s: got %d %s, want %d %s", url, got, body, status, want)
		}
	}
	for _, base := range []string{r.url(""), admin} {
		expect(base+"/healthz", 200, `{"alive":true}`)
		expect(base+"/readyz", 200, `{"ready":true,"reasons":[]}`)
	}
	draining.Store(true)
	for _, base := range []string{r.url(""), admin} {
		expect(base+"/healthz", 200, `{"alive":true}`)
		expect(base+"/readyz", 503, `{"ready":false,"reasons":[{"check":"draining","reason":"this node is shutting down"}]}`)
	}
}

func TestMetricsWithoutAdminListener(t *testing.T) {
	r := run(t, Config{}, Deps{})
	r.get(r.url("/groups/secret-name?x=1"), "read")
	r.get(r.url("/no/such/call"), "")
	if status, _, _ := r.get(r.url("/metrics"), ""); status != 401 {
		t.Errorf("without token: got %d", status)
	}
	if status, _, _ := r.get(r.url("/metrics"), "push"); status != 403 {
		t.Errorf("with another scope: got %d", status)
	}
	status, _, body := r.get(r.url("/metrics"), "read")
	if status != 200 {
		t.Fatalf("got %d %s", status, body)
	}
	for _, want := range []string{
		`gatepost_api_requests_total{method="GET",route="/groups/:group",status="400"} 1`,
		`gatepost_api_requests_total{method="GET",route="unmatched",status="404"} 1`,
		`gatepost_api_request_seconds_count{method="GET",route="/groups/:group"} 1`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("there is no %s in\n%s", want, body)
		}
	}
	if strings.Contains(body, "secret-name") {
		t.Error("a name got into the metrics")
	}
	if status, _, _ := r.get(r.url("/debug/pprof/"), "*"); status != 404 {
		t.Errorf("pprof on the public listener: got %d", status)
	}
}

func TestAdminListener(t *testing.T) {
	r := run(t, Config{AdminAddr: "127.0.0.1:0"}, Deps{})
	admin := "http://" + r.AdminAddr().String()
	for _, path := range []string{"/metrics", "/debug/pprof/", "/debug/pprof/cmdline", "/debug/pprof/heap"} {
		if status, _, body := r.get(admin+path, ""); status != 200 || body == "" {
			t.Errorf("%s: got %d", path, status)
		}
	}
	for _, path := range []string{"/stats", "/push/all", "/openapi.yaml"} {
		if status, _, _ := r.get(admin+path, "*"); status != 404 {
			t.Errorf("%s on the admin listener: got %d", path, status)
		}
	}
	if status, _, _ := r.get(r.url("/metrics"), "*"); status != 404 {
		t.Errorf("metrics on the public listener: got %d", status)
	}
}

// What a stranger sends makes no time series of its own.
func TestInventedMethodsAreOne(t *testing.T) {
	for method, want := range map[string]string{"GET": "GET", "PATCH": "PATCH", "BREW": "other", "get": "other", "": "other"} {
		if got := knownMethod(method); got != want {
			t.Errorf("%q: got %q, want %q", method, got, want)
		}
	}
}

func TestTheLogKeepsQuiet(t *testing.T) {
	r := run(t, Config{}, Deps{})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.url("/uids/name-in-path?token=token-in-query"), nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer token-in-header")
	req.Header.Set("Cookie", "a=cookie-value")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if err := r.Shutdown(t.Context()); err != nil { // the log is complete then
		t.Fatal(err)
	}
	logged := r.log.String()
	if !strings.Contains(logged, "method=GET route=/uids/:uid status=401") {
		t.Errorf("the call isn't in the log: %s", logged)
	}
	for _, private := range []string{"name-in-path", "token-in-query", "token-in-header", "cookie-value"} {
		if strings.Contains(logged, private) {
			t.Errorf("%s is in the log: %s", private, logged)
		}
	}
}

func TestExtraRoutes(t *testing.T) {
	r := run(t, Config{}, Deps{Extra: func(e *echo.Echo) {
		e.GET("/", func(c echo.Context) error { return c.String(200, "a page") })
		e.GET("/who", func(c echo.Context) error { return c.String(200, c.RealIP()) })
	}})
	if status, _, body := r.get(r.url("/"), ""); status != 200 || body != "a page" {
		t.Errorf("got %d %s", status, body)
	}
	if status, _, body := r.get(r.url("/who"), ""); status != 200 || body != "127.0.0.1" {
		t.Errorf("got %d %s", status, body)
	}
}

func TestBadProxiesAreAFault(t *testing.T) {
	if _, err := New(Config{TrustedProxies: []string{"10.0.0.0/8", "nonsense"}}, Deps{}); err == nil || !strings.Contains(err.Error(), "nonsense") {
		t.Errorf("got %v", err)
	}
}

// Every route is described in openapi.yaml, and every description is of a route.
func TestRoutesAreDescribed(t *testing.T) {
	r := run(t, Config{}, Deps{})
	var registered, described []string
	for _, route := range r.echo.Routes() {
		registered = append(registered, route.Method+" "+route.Path)
	}
	document, err := libopenapi.NewDocument(api.OpenAPI())
	if err != nil {
		t.Fatal(err)
	}
	model, err := document.BuildV3Model()
	if err != nil {
		t.Fatal(err)
	}
	parameters := strings.NewReplacer("{", ":", "}", "")
	for path, item := range model.Model.Paths.PathItems.FromOldest() {
		for method := range item.GetOperations().FromOldest() {
			described = append(described, strings.ToUpper(method)+" "+parameters.Replace(path))
			if method == "get" { // which describes the HEAD too
				described = append(described, "HEAD "+parameters.Replace(path))
			}
		}
	}
	slices.Sort(registered)
	slices.Sort(described)
	described = slices.Compact(described)
	if !slices.Equal(registered, described) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(registered, "\n"), strings.Join(described, "\n"))
	}
}
