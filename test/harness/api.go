package harness

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"gatepost/test/wait"
)

// API calls a node's HTTP API with one token.
type API struct {
	t     testing.TB
	base  string
	token string
}

// Response is an answer of the API.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
}

// API is a caller with a token of this scope.
func (n *Node) API(t testing.TB, scope string) *API {
	t.Helper()
	return n.APIWith(t, APIToken(t, scope))
}

// APIWith is a caller with this token; without authorization where it's empty.
func (n *Node) APIWith(t testing.TB, token string) *API {
	return &API{t: t, base: "http://" + n.Addr, token: token}
}

var httpClient = &http.Client{
	Timeout:       wait.Patience,
	Transport:     &http.Transport{MaxIdleConnsPerHost: 64},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// Do makes a call. header holds names and values in turn; a body without a
// content-type among them is JSON.
func (a *API) Do(method, path, body string, header ...string) *Response {
	a.t.Helper()
	r, err := a.Try(method, path, body, header...)
	if err != nil {
		a.t.Fatalf("%s %s: %v", method, path, err)
	}
	return r
}

// Try is Do for a node that may not answer, and for a goroutine that may not end the
// test.
func (a *API) Try(method, path, body string, header ...string) (*Response, error) {
	req, err := http.NewRequest(method, a.base+path, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	if body != "" {
		req.Header.Set("content-type", "application/json")
	}
	if a.token != "" {
		req.Header.Set("authorization", "Bearer "+a.token)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := httpClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(io.LimitReader(resp.Body, 64<<20))
	if err != nil {
		return nil, err
	}
	return &Response{Status: resp.StatusCode, Header: resp.Header, Body: got}, nil
}

// Want makes a call that must be answered with this status and, unless want is
// empty, this JSON.
func (a *API) Want(status int, want, method, path, body string, header ...string) *Response {
	a.t.Helper()
	r := a.Do(method, path, body, header...)
	if r.Status != status {
		a.t.Fatalf("%s %s %.200s: status %d, want %d: %.500s", method, path, body, r.Status, status, r.Body)
	}
	if want != "" && !SameJSON(r.Body, []byte(want)) {
		a.t.Fatalf("%s %s %.200s:\n got %s\nwant %s", method, path, body, bytes.TrimSpace(r.Body), want)
	}
	return r
}

// WantProblem makes a call that must be answered with an RFC 9457 problem of
// this status and code.
func (a *API) WantProblem(status int, code, method, path, body string, header ...string) {
	a.t.Helper()
	r := a.Want(status, "", method, path, body, header...)
	var problem struct {
		Status int
		Code   string
		Title  string
	}
	if err := json.Unmarshal(r.Body, &problem); err != nil {
		a.t.Fatalf("%s %s: the problem is not JSON: %v: %.300s", method, path, err, r.Body)
	}
	media, _, _ := strings.Cut(r.Header.Get("content-type"), ";")
	if media != "application/problem+json" || problem.Status != status || problem.Title == "" {
		a.t.Fatalf("%s %s: not a problem of status %d but %s: %s", method, path, status, media, r.Body)
	}
	if code != "" && problem.Code != code {
		a.t.Fatalf("%s %s: problem code %q, want %q: %s", method, path, problem.Code, code, r.Body)
	}
}

// SameJSON reports whether two texts are the same JSON value.
func SameJSON(a, b []byte) bool {
	var x, y any
	return json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && reflect.DeepEqual(x, y)
}

// Get fetches a path without a token from the public or admin listener.
func Get(t testing.TB, addr, path string) *Response {
	t.Helper()
	return (&API{t: t, base: "http://" + addr}).Do(http.MethodGet, path, "")
}

// Healthy fails the test unless the node serves: it is ready, a new client gets
// its welcome, and a push reaches it.
func (n *Node) Healthy(t testing.TB, d Dial) {
	t.Helper()
	if r := Get(t, n.Addr, "/readyz"); r.Status != http.StatusOK {
		t.Fatalf("/readyz answers %d: %s", r.Status, r.Body)
	}
	c := n.Connect(t, d)
	n.API(t, "push").Want(200, `{"matched":1,"queued":1,"dropped":0}`, "POST", "/push/clients/"+c.ID, "still there?")
	c.WantText(t, "still there?")
	_ = c.Conn.Close()
}

// ClosedPort is a loopback host:port where nothing listens.
func ClosedPort(t testing.TB) string {
	t.Helper()
	socket, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	return socket.Addr().String()
}
