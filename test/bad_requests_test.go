package test

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"gatepost/test/harness"
)

// A page of another site may not connect, and neither may one without a site.
func TestForeignOrigins(t *testing.T) {
	t.Parallel()
	sameHost := harness.Start(t, nil)
	listed := harness.Start(t, harness.Env{"GATEPOST_ORIGINS": "https://www.example.com,https://app.example.com:8443"})
	any := harness.Start(t, harness.Env{"GATEPOST_ORIGINS": "*"})
	patterns := harness.Start(t, harness.Env{"GATEPOST_ORIGINS": "https://*.example.com,http://localhost:*,file://,weapp://wechat-game-runtime,https://bücher.example"})
	for _, c := range []struct {
		node    *harness.Node
		origin  string
		allowed bool
	}{
		{sameHost, "", true}, {sameHost, "http://" + sameHost.Addr, true},
		{sameHost, "https://foreign.example", false}, {sameHost, "null", false}, {sameHost, "http://" + sameHost.Addr + ".foreign.example", false},
		{sameHost, "http://user@" + sameHost.Addr, false}, {sameHost, "file://", false}, {sameHost, "http://127.0.0.1:1", false},
		{listed, "", true}, {listed, "https://www.example.com", true}, {listed, "https://app.example.com:8443", true},
		{listed, "http://www.example.com", false}, {listed, "https://www.example.com.evil.example", false},
		{listed, "https://www.example.com:444", false}, {listed, "null", false}, {listed, "http://" + listed.Addr, false},
		{any, "https://foreign.example", true}, {any, "null", true},
		{patterns, "https://a.b.example.com", true}, {patterns, "http://localhost:5173", true}, {patterns, "http://localhost", true}, {patterns, "file://", true},
		{patterns, "weapp://wechat-game-runtime", true}, {patterns, "https://xn--bcher-kva.example", true},
		{patterns, "https://example.com", false}, {patterns, "https://evilexample.com", false}, {patterns, "https://a.example.com.evil.example", false},
		{patterns, "https://localhost:5173", false}, {patterns, "file://host", false}, {patterns, "null", false},
	} {
		header := http.Header{}
		if c.origin != "" {
			header.Set("Origin", c.origin)
		}
		client, err := c.node.TryConnect(t, harness.Dial{Header: header})
		switch {
		case !c.allowed:
			wantRefused(t, err, 403, "")
		case err != nil:
			t.Errorf("Origin %q: %v", c.origin, err)
		default:
			_ = client.Conn.Close()
		}
	}
	_, err := sameHost.TryConnect(t, harness.Dial{Header: http.Header{"Origin": {"http://" + sameHost.Addr, "https://foreign.example"}}})
	wantRefused(t, err, 403, "")
	for node, says := range map[*harness.Node][]string{
		sameHost: {"https://foreign.example", "own host, " + sameHost.Addr}, listed: {"https://app.example.com:8443", "https://www.example.com:444"},
	} {
		if !node.Log.Has(append(says, "refused a handshake", "GATEPOST_ORIGINS")...) {
			t.Errorf("no line of the log has %q:\n%s", says, node.Log)
		}
	}
}

// What isn't a call of the API is answered with a problem that says why.
func TestBadCalls(t *testing.T) {
	t.Parallel()
	node := harness.Start(t, nil)
	c := node.Connect(t, harness.Dial{})
	api := node.API(t, "*")
	deep := strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000)
	bind := `{"client_id":"` + c.ID + `","uid":"tom"}`
	for _, call := range []struct {
		name               string
		status             int
		code               string
		method, path, body string
		header             []string
	}{
		{"trailing garbage", 400, "bad_json", "POST", "/bind", bind + ` and more`, nil},
		{"two values", 400, "bad_json", "POST", "/bind", bind + bind, nil},
		{"half a value", 400, "bad_json", "POST", "/bind", bind[:20], nil},
		{"nothing", 400, "bad_json", "POST", "/bind", "", nil},
		{"an unknown field", 400, "unknown_field", "POST", "/bind", `{"client_id":"` + c.ID + `","uid":"tom","force":true}`, nil},
		{"a field in capitals", 400, "unknown_field", "POST", "/bind", `{"client_id":"` + c.ID + `","UID":"tom"}`, nil},
		{"depth 20,000", 400, "bad_json", "POST", "/push", `{"all":true,"json":` + deep + `}`, nil},
		{"depth 20,000 in a session", 400, "bad_json", "PUT", "/clients/" + c.ID + "/session", `{"a":` + deep + `}`, nil},
		{"JSON that isn't UTF-8", 400, "bad_json", "POST", "/bind", "{\"client_id\":\"" + c.ID + "\",\"uid\":\"\xff\"}", nil},
		{"half a surrogate pair", 400, "", "POST", "/bind", `{"client_id":"` + c.ID + `","uid":"\ud800"}`, nil},
		{"text that isn't UTF-8", 400, "", "POST", "/push/all", "caf\xe9", []string{"content-type", "text/plain"}},
		{"5 MB of push", 413, "too_large", "POST", "/push/all", strings.Repeat("x", 5_000_000), nil},
		{"5 MB of JSON", 413, "too_large", "POST", "/push", `{"all":true,"text":"` + strings.Repeat("x", 5_000_000) + `"}`, nil},
		{"9 MB of actions", 413, "too_large", "POST", "/actions", `{"actions":[` + strings.Repeat(" ", 9_000_000) + `]}`, nil},
		{"5 MB of names", 413, "too_large", "POST", "/lookup", `{"uids":["` + strings.Repeat("x", 5_000_000) + `"]}`, nil},
		{"a push over the limit", 413, "too_large", "POST", "/push/all", strings.Repeat("x", 256<<10+1), nil},
		{"a session over 16 KiB", 413, "too_large", "PUT", "/clients/" + c.ID + "/session", `{"a":"` + strings.Repeat("x", 16<<10) + `"}`, nil},
		{"a form", 415, "unsupported_media_type", "POST", "/push/all", "a=1", []string{"content-type", "application/x-www-form-urlencoded"}},
		{"a multipart form", 415, "unsupported_media_type", "POST", "/bind", bind, []string{"content-type", "multipart/form-data; boundary=x"}},
		{"an id that can't be", 400, "bad_client_id", "GET", "/clients/NOT-AN-ID", "", nil},
		{"an id that is too long", 400, "bad_client_id", "POST", "/push/clients/" + strings.Repeat("a", 41), "x", nil},
		{"a client that isn't there", 404, "client_gone", "GET", "/clients/" + strings.Repeat("a", 32), "", nil},
		{"NUL in a name", 400, "bad_name", "POST", "/push/uids/a%00b", "x", nil},
		{"a control character in a name", 400, "bad_name", "POST", "/bind", `{"client_id":"` + c.ID + `","uid":"a\u0007"}`, nil},
		{"a name that is too long", 400, "bad_name", "POST", "/push/groups/" + strings.Repeat("a", 257), "x", nil},
		{"no message", 400, "bad_field", "POST", "/push", `{"all":true}`, nil},
		{"nobody", 400, "bad_field", "POST", "/push", `{"text":"x"}`, nil},
		{"two messages", 400, "bad_field", "POST", "/push", `{"all":true,"text":"x","binary":"eA=="}`, nil},
		{"base64 it isn't", 400, "bad_field", "POST", "/push", `{"all":true,"binary":"***"}`, nil},
		{"a gateway's close code", 400, "bad_field", "POST", "/close", `{"all":true,"code":4008}`, nil},
		{"a close code out of range", 400, "bad_field", "DELETE", "/clients/" + c.ID + "?code=1001", "", nil},
		{"a close reason too long", 400, "bad_field", "POST", "/close", `{"all":true,"reason":"` + strings.Repeat("x", 124) + `"}`, nil},
		{"too many names", 400, "limit_exceeded", "POST", "/lookup", `{"uids":[` + strings.Repeat(`"a",`, 1000) + `"a"]}`, nil},
		{"too many actions", 400, "limit_exceeded", "POST", "/actions", `{"actions":[` + strings.Repeat(`{},`, 1000) + `{}]}`, nil},
		{"too large a page", 400, "", "GET", "/clients?limit=10001", "", nil},
		{"a cursor it never gave", 400, "", "GET", "/clients?cursor=%00%ff!", "", nil},
		{"an unknown parameter", 400, "", "GET", "/clients?grop=a", "", nil},
		{"an unknown path", 404, "not_found", "GET", "/nowhere", "", nil},
		{"another method", 405, "method_not_allowed", "GET", "/bind", "", nil},
	} {
		t.Run(call.name, func(t *testing.T) {
			node.API(t, "*").WantProblem(call.status, call.code, call.method, call.path, call.body, call.header...)
		})
	}
	// 257 groups are one too many, and then none is joined.
	groups := `"` + strings.Repeat("g", 1)
	for i := range 256 {
		groups += `","g` + string(rune('a'+i/26)) + string(rune('a'+i%26))
	}
	r := api.Want(200, "", "POST", "/actions", `{"actions":[{"action":"join","client_id":"`+c.ID+`","groups":[`+groups+`"]}]}`)
	if !strings.Contains(string(r.Body), `"ok":false`) || !strings.Contains(string(r.Body), "256") {
		t.Errorf("257 groups: %s", r.Body)
	}
	if got := string(api.Do("GET", "/clients/"+c.ID, "").Body); !strings.Contains(got, `"groups":[]`) {
		t.Errorf("after a join that failed the client is %s", got)
	}
	node.Healthy(t, harness.Dial{})
	if c.Waiting() != 0 {
		t.Error("a bad call pushed something")
	}
}

// uid and group names are any UTF-8, and never taken for one another.
func TestStrangeNames(t *testing.T) {
	t.Parallel()
	node := harness.Start(t, nil)
	api := node.API(t, "*")
	names := []string{"a/b", "a", "b", "a.b", "*", ">", "a%2Fb", "%", " ", "a b", "ä", "a\u0308", "..", ".", "../all", "../../push/all", "a+b", "a?b#c", "日本", "\u202e", "42", strings.Repeat("é", 128)}
	clients := map[string]*harness.Client{}
	for _, name := range names {
		c := node.Connect(t, harness.Dial{})
		clients[name] = c
		quoted := jsonOf(t, name)
		api.Want(200, "", "POST", "/bind", `{"client_id":"`+c.ID+`","uid":`+quoted+`}`)
		api.Want(200, `{"group":`+quoted+`,"changed":1,"missing":[]}`, "POST", "/join", `{"client_id":"`+c.ID+`","groups":[`+quoted+`]}`)
	}
	for _, name := range names {
		quoted, client := jsonOf(t, name), clients[name]
		api.Want(200, `{"matched":1,"queued":1,"dropped":0}`, "POST", "/push", `{"uids":[`+quoted+`],"text":"by body"}`)
		client.WantText(t, "by body")
		api.Want(200, `{"clients":{},"uids":{},"groups":{`+quoted+`:{"clients":1,"uids":1}}}`, "POST", "/lookup", `{"groups":[`+quoted+`]}`)
		path := strings.ReplaceAll(url.PathEscape(name), ".", "%2E")
		if strings.HasPrefix(name, ".") { // a name to us, a step to the proxies before us
			for _, segment := range []string{path, name} {
				api.WantProblem(400, "bad_field", "POST", "/push/uids/"+segment, "to nobody")
				api.WantProblem(400, "bad_field", "DELETE", "/groups/"+segment, "")
			}
			continue
		}
		api.Want(200, `{"matched":1,"queued":1,"dropped":0}`, "POST", "/push/uids/"+path, "to uid "+name)
		api.Want(200, `{"matched":1,"queued":1,"dropped":0}`, "POST", "/push/groups/"+path, "to group "+name)
		client.WantText(t, "to uid "+name)
		client.WantText(t, "to group "+name)
		api.Want(200, `{"group":`+quoted+`,"clients":1,"uids":1}`, "GET", "/groups/"+path, "")
	}
	for name, client := range clients {
		if client.Waiting() > 0 {
			t.Errorf("%q got what was for another", name)
		}
	}
}

// Whoever dawdles over a header or a body is cut off, and holds up nobody.
func TestSlowRequests(t *testing.T) {
	t.Parallel()
	node := harness.Start(t, nil)
	token := harness.APIToken(t, "push")
	for name, c := range map[string]struct {
		begin, drip string
	}{
		"headers":   {"GET /stats HTTP/1.1\r\nHost: localhost\r\n", "x-more: and more\r\n"},
		"handshake": {"GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n", "x-more: and more\r\n"},
		"body":      {"POST /push/all HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + token + "\r\nContent-Length: 100000\r\n\r\n", "x"},
		"handshake with a body": {"GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
			"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nContent-Length: 100000\r\n\r\n", "x"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn, err := net.Dial("tcp", node.Addr)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if _, err := io.WriteString(conn, c.begin); err != nil {
				t.Fatal(err)
			}
			go func() {
				drip := time.NewTicker(500 * time.Millisecond)
				defer drip.Stop()
				for range drip.C {
					if _, err := io.WriteString(conn, c.drip); err != nil {
						return
					}
				}
			}()
			if err := awaitEnd(conn, time.Minute); err != nil {
				t.Fatal(err)
			}
		})
	}
	node.Healthy(t, harness.Dial{})
}

// What a client says of its own address counts only behind a trusted proxy.
func TestSpoofedForwardedFor(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		trusted, forwarded, want string
	}{
		{"", "203.0.113.9", "127.0.0.1"},
		{"10.0.0.0/8", "203.0.113.9", "127.0.0.1"},
		{"127.0.0.0/8", "203.0.113.9", "203.0.113.9"},
		{"127.0.0.0/8", "1.1.1.1, 203.0.113.9", "203.0.113.9"},
		{"127.0.0.0/8,10.0.0.0/8", "1.1.1.1, 203.0.113.9, 10.1.2.3", "203.0.113.9"},
		{"127.0.0.0/8", "garbage", "127.0.0.1"},
		{"127.0.0.0/8", "", "127.0.0.1"},
	} {
		t.Run(c.trusted+" "+c.forwarded, func(t *testing.T) {
			t.Parallel()
			backend := harness.NewBackend(t, nil)
			env := backend.Env(nil)
			if c.trusted != "" {
				env["GATEPOST_TRUSTED_PROXIES"] = c.trusted
			}
			node := harness.Start(t, env)
			client := node.Connect(t, harness.Dial{Header: http.Header{"X-Forwarded-For": {c.forwarded}, "X-Real-Ip": {"9.9.9.9"}, "Fly-Client-Ip": {"8.8.8.8"}}})
			if got := backend.AwaitOne(t, "connect", client.ID).Data.RemoteAddr; got != c.want {
				t.Errorf("remote_addr is %s, want %s", got, c.want)
			}
		})
	}
}

var errNoEnd = errors.New("the connection was not closed")

// awaitEnd reads until the peer closes the connection, at most so long.
func awaitEnd(conn net.Conn, within time.Duration) error {
	_ = conn.SetReadDeadline(time.Now().Add(within))
	_, err := io.Copy(io.Discard, conn)
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return errNoEnd
	}
	return nil
}
