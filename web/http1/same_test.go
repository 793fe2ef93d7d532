package http1

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// odd answers in all the ways that an answer can have.
func odd(w http.ResponseWriter, r *http.Request) {
	switch strings.TrimLeft(r.URL.Path, "/") {
	case "read": // the whole body
		body, err := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %v", body, err)
	case "tell": // what the request was
		body, err := io.ReadAll(r.Body)
		fmt.Fprintln(w, r.Method, r.RequestURI, r.URL.Path, r.Proto, r.Host, r.ContentLength, r.TransferEncoding, r.Close, len(body), err)
		for _, name := range slices.Sorted(maps.Keys(r.Header)) {
			fmt.Fprintln(w, name, r.Header[name])
		}
	case "some": // of the body
		some := make([]byte, 3)
		n, _ := io.ReadFull(r.Body, some)
		w.Write(some[:n])
	case "closed":
		r.Body.Close()
		_, err := r.Body.Read(make([]byte, 1))
		fmt.Fprint(w, err)
	case "late": // reads on once it has answered
		w.WriteHeader(http.StatusAccepted)
		io.Copy(w, r.Body)
	case "empty":
	case "status":
		status, _ := strconv.Atoi(r.URL.RawQuery)
		w.WriteHeader(status)
		io.WriteString(w, "text")
	case "typed":
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusTeapot)
		io.WriteString(w, "{}")
	case "html":
		io.WriteString(w, "<!doctype html><p>")
	case "untyped":
		w.Header()["Content-Type"], w.Header()["Date"] = nil, nil
		io.WriteString(w, "<!doctype html><p>")
	case "coded":
		w.Header().Set("Content-Encoding", "gzip")
		io.WriteString(w, "not really")
	case "many":
		for i := range 2000 {
			fmt.Fprintf(w, "line %d of many\n", i)
		}
	case "large":
		w.Write(bytes.Repeat([]byte("0123456789abcdef"), 10_000))
	case "flushed":
		io.WriteString(w, "one ")
		http.NewResponseController(w).Flush()
		io.WriteString(w, "two")
	case "flushed-empty":
		http.NewResponseController(w).Flush()
	case "flushed-first":
		http.NewResponseController(w).Flush()
		body, err := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %v", body, err)
	case "long": // as it says
		w.Header().Set("Content-Length", "12000")
		for range 1000 {
			io.WriteString(w, "twelve bytes")
		}
	case "short":
		w.Header().Set("Content-Length", "5")
		io.WriteString(w, "1234")
	case "over":
		w.Header().Set("Content-Length", "5")
		_, err := io.WriteString(w, "123456")
		w.Header().Set("X-Error", fmt.Sprint(err))
	case "nonsense":
		w.Header().Set("Content-Length", "five")
		io.WriteString(w, "12345")
	case "last":
		w.Header().Set("Connection", "close")
		io.WriteString(w, "bye")
	case "upgrade":
		w.Header().Set("Connection", "Upgrade")
		w.Header().Set("Upgrade", "websocket")
		w.WriteHeader(http.StatusUpgradeRequired)
	case "twice":
		w.WriteHeader(http.StatusCreated)
		w.Header().Set("X-Late", "1")
		w.WriteHeader(http.StatusOK)
		io.WriteString(w, "once")
	case "split":
		w.Header()["X-Split"] = []string{"a\r\nX-Injected: b", "c"}
		w.Header()["Bad Name"] = []string{"x"}
	case "dated":
		w.Header().Set("Date", "Sun, 06 Nov 1994 08:49:37 GMT")
	case "transfer":
		w.Header().Set("Transfer-Encoding", "chunked")
		io.WriteString(w, "framed by the server")
	case "panics":
		panic(http.ErrAbortHandler)
	default:
		http.NotFound(w, r)
	}
}

// reply is one answer as a peer sees it.
type reply struct {
	Proto    string
	Status   int
	Body     string
	Header   http.Header
	Encoding []string
	Fault    string // of reading its body
}

// replies sends requests to a server and reads until it closes.
func replies(t testing.TB, addr, method, requests string) []reply {
	t.Helper()
	conn := dial(t, addr)
	defer conn.Close()
	done := make(chan struct{})
	go func() {
		defer close(done)
		if _, err := io.WriteString(conn, requests); err == nil {
			conn.CloseWrite()
		}
	}()
	var all []reply
	reader := bufio.NewReader(conn)
	for {
		answered, err := http.ReadResponse(reader, &http.Request{Method: method})
		if err != nil {
			break
		}
		body, err := io.ReadAll(answered.Body)
		one := reply{answered.Proto, answered.StatusCode, string(body), answered.Header, answered.TransferEncoding, ""}
		if err != nil {
			one.Fault = "cut"
		}
		one.Header.Del("Date")
		if answered.Close {
			one.Header.Set("Connection", "close")
		}
		if answered.StatusCode >= 400 && answered.ContentLength < 0 {
			one.Body = "" // what the server itself says of a request that it can't read
		}
		all = append(all, one)
	}
	conn.Close()
	<-done
	return all
}

// netHTTP is the server that a request isn't to know from this one.
func netHTTP(t testing.TB, handler http.HandlerFunc) string {
	t.Helper()
	socket := listen(t)
	s := &http.Server{
		Handler: handler, MaxHeaderBytes: patient.MaxHeaderBytes, ReadHeaderTimeout: time.Minute,
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug),
	}
	go s.Serve(socket)
	t.Cleanup(func() { s.Close() })
	return socket.Addr().String()
}

// What a request is, how it is answered and whether another may follow is as with
// net/http.
func TestAnswersAreThoseOfNetHTTP(t *testing.T) {
	const host = " HTTP/1.1\r\nHost: x\r\n"
	chunked := func(path, chunks string) string {
		return "POST " + path + host + "Transfer-Encoding: chunked\r\n\r\n" + chunks
	}
	sized := func(path string, said int, body string) string {
		return "POST " + path + host + "Content-Length: " + strconv.Itoa(said) + "\r\n\r\n" + body
	}
	requests := map[string]string{
		"a body":                   sized("/read", 5, "hello"),
		"an empty body":            sized("/read", 0, ""),
		"a large body":             sized("/read", 70_000, strings.Repeat("x", 70_000)),
		"chunks":                   chunked("/read", "5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n"),
		"a long extension":         chunked("/read", "5;"+strings.Repeat("a", 5000)+"\r\nhello\r\n0\r\n\r\n"),
		"many extensions":          chunked("/read", strings.Repeat("1;"+strings.Repeat("a", 2000)+"\r\nh\r\n", 50)+"0\r\n\r\n"),
		"a long trailer":           chunked("/read", "0\r\nX-Long: "+strings.Repeat("a", 5000)+"\r\n\r\n"),
		"a bad trailer":            chunked("/read", "0\r\nX Bad\r\n\r\n"),
		"an unread bad trailer":    chunked("/empty", "0\r\nX Bad\r\n\r\n"),
		"a trailer of framing":     chunked("/tell", "0\r\nContent-Length: 3\r\n\r\n"),
		"a chunk beyond numbers":   chunked("/read", "ffffffffffffffffff\r\nhello\r\n0\r\n\r\n"),
		"a chunk of most bytes":    chunked("/read", "ffffffffffffffff\r\nhello\r\n0\r\n\r\n"),
		"a signed chunk":           chunked("/read", "+5\r\nhello\r\n0\r\n\r\n"),
		"a chunk with a prefix":    chunked("/read", "0x5\r\nhello\r\n0\r\n\r\n"),
		"chunks of line feeds":     chunked("/read", "5\nhello\n0\n\n"),
		"chunks without an end":    chunked("/read", "5\r\nhello0\r\n\r\n"),
		"read once it is flushed":  sized("/flushed-first", 5, "hello"),
		"chunks with trailers":     chunked("/tell", "5\r\nhello\r\n0\r\nX-After: 1\r\n\r\n"),
		"chunks that end early":    chunked("/read", "5\r\nhel"),
		"chunks without a size":    chunked("/read", "z\r\nhello\r\n0\r\n\r\n"),
		"an extension of a chunk":  chunked("/read", "5;a=b\r\nhello\r\n0\r\n\r\n"),
		"an unread body":           sized("/empty", 5, "hello"),
		"an unread large body":     sized("/empty", 70_000, strings.Repeat("x", 70_000)),
		"an unread huge body":      sized("/empty", 400_000, strings.Repeat("x", 400_000)),
		"unread chunks":            chunked("/empty", "5\r\nhello\r\n0\r\n\r\n"),
		"unread broken chunks":     chunked("/empty", "5\r\nhello\r\nzzz\r\n\r\n"),
		"a half-read body":         sized("/some", 5, "hello"),
		"a closed body":            sized("/closed", 5, "hello"),
		"a body read late":         sized("/late", 5, "hello"),
		"no path":                  "GET " + host + "\r\n",
		"an absolute URL":          "GET http://y/tell" + host + "\r\n",
		"a query and escapes":      "GET /tell?a=%20b;c" + host + "\r\n",
		"an escaped path":          "GET /te%6cl%2Fx" + host + "\r\n",
		"two slashes":              "GET //tell" + host + "\r\n",
		"connect":                  "CONNECT y:80" + host + "\r\n",
		"a method of its own":      "BREW /tell" + host + "\r\n",
		"a bad method":             "GE(T /tell" + host + "\r\n",
		"a bad escape":             "GET /%zz" + host + "\r\n",
		"spaces in the path":       "GET /a b" + host + "\r\n",
		"a control in the path":    "GET /a\x01b" + host + "\r\n",
		"not HTTP":                 "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
		"an unknown version":       "GET /tell HTTP/1.2\r\nHost: x\r\n\r\n",
		"version 2":                "GET /tell HTTP/2.0\r\nHost: x\r\n\r\n",
		"version 0.9":              "GET /tell HTTP/0.9\r\nHost: x\r\n\r\n",
		"no version":               "GET /tell\r\nHost: x\r\n\r\n",
		"no Host":                  "GET /tell HTTP/1.1\r\n\r\n",
		"an empty Host":            "GET /tell HTTP/1.1\r\nHost:\r\n\r\n",
		"a Host of spaces":         "GET /tell HTTP/1.1\r\nhOST: \t \r\n\r\n",
		"a Host in the path":       "GET /tell?Host: HTTP/1.1\r\nX-Host: x\r\n\r\n",
		"a Host in a folded line":  "GET /tell HTTP/1.1\r\nX-Fold: a\r\n Host: x\r\n\r\n",
		"a Host behind the header": "GET /tell HTTP/1.1\r\n\r\nHost: x\r\n\r\n",
		"a Host behind much":       "GET /tell HTTP/1.1\r\nX-Much: " + strings.Repeat("x", 5_000) + "\r\nHost: x\r\n\r\n",
		"an absolute URL alone":    "GET http://y/tell HTTP/1.1\r\n\r\n",
		"two Hosts":                "GET /tell" + host + "Host: y\r\n\r\n",
		"a bad Host":               "GET /tell HTTP/1.1\r\nHost: x/y\r\n\r\n",
		"headers":                  "GET /tell" + host + "x-one: 1\r\nX-One:2\r\nX-Empty:\r\nX-Space:  a b \t\r\n\r\n",
		"a folded header":          "GET /tell" + host + "X-Fold: a\r\n b\r\n\r\n",
		"a space before the colon": "GET /tell" + host + "X-Space : a\r\n\r\n",
		"a header without colon":   "GET /tell" + host + "X-None\r\n\r\n",
		"a header without name":    "GET /tell" + host + ": a\r\n\r\n",
		"a control in a header":    "GET /tell" + host + "X-Control: a\x01b\r\n\r\n",
		"a zero in a header":       "GET /tell" + host + "X-Zero: a\x00b\r\n\r\n",
		"bytes in a header":        "GET /tell" + host + "X-Bytes: \xff\xc3\xa4\r\n\r\n",
		"a bare line feed":         "GET /tell HTTP/1.1\nHost: x\n\n",
		"a bare carriage return":   "GET /tell" + host + "X-Bare: a\rb\r\n\r\n",
		"a leading line":           "\r\nGET /tell" + host + "\r\n",
		"a line behind a body":     sized("/read", 5, "hello\r\n"),
		"a byte behind a body":     sized("/read", 5, "hello!"),
		"two lengths":              "POST /tell" + host + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
		"the same length twice":    "POST /tell" + host + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
		"a negative length":        "POST /tell" + host + "Content-Length: -5\r\n\r\nhello",
		"a signed length":          "POST /tell" + host + "Content-Length: +5\r\n\r\nhello",
		"a length in hex":          "POST /tell" + host + "Content-Length: 0x5\r\n\r\nhello",
		"an empty length":          "POST /tell" + host + "Content-Length: \r\n\r\n",
		"a length beyond numbers":  "POST /tell" + host + "Content-Length: 99999999999999999999\r\n\r\nhello",
		"another coding":           "POST /tell" + host + "Transfer-Encoding: gzip\r\n\r\nhello",
		"two codings":              "POST /tell" + host + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
		"chunked twice":            "POST /tell" + host + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"a coding with a space":    "POST /tell" + host + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
		"a body of a GET":          "GET /tell" + host + "Content-Length: 5\r\n\r\nhello",
		"an unread body of a GET":  "GET /empty" + host + "Content-Length: 5\r\n\r\nhello",
		"it goes on":               "POST /read" + host + "Expect: 100-continue\r\nContent-Length: 5\r\n\r\nhello",
		"it needn't go on":         "POST /empty" + host + "Expect: 100-continue\r\nContent-Length: 5\r\n\r\nhello",
		"it goes on with nothing":  "POST /read" + host + "Expect: 100-Continue\r\n\r\n",
		"it goes on in 1.0":        "POST /read HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello",
		"it goes on too late":      "POST /late" + host + "Expect: 100-continue\r\nContent-Length: 5\r\n\r\nhello",
		"it goes on, twice":        "POST /tell" + host + "Expect: 100-continue\r\nExpect: something\r\nContent-Length: 5\r\n\r\nhello",
		"1.0":                      "GET /tell HTTP/1.0\r\n\r\n",
		"1.0 kept":                 "GET /tell HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
		"1.0 kept, many":           "GET /many HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
		"1.0 kept, empty":          "GET /empty HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
		"1.0 kept, 304":            "GET /status?304 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
		"1.0 kept, a length":       "GET /long HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
		"1.0 kept, last":           "GET /last HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
		"the last":                 "GET /tell" + host + "Connection: close\r\n\r\n",
		"the last of several":      "GET /tell" + host + "Connection: x, Close\r\n\r\n",
		"the last, unread body":    "POST /empty" + host + "Connection: close\r\nContent-Length: 5\r\n\r\nhello",
		"a huge header":            "GET /tell" + host + "X-Huge: " + strings.Repeat("x", 20_000) + "\r\n\r\n",
		"a huge path":              "GET /" + strings.Repeat("x", 20_000) + host + "\r\n",
		"a large header":           "GET /tell" + host + "X-Large: " + strings.Repeat("x", 5_000) + "\r\n\r\n",
		"half a header":            "GET /tell HTTP/1.1\r\nHost: x\r\nX-Ha",
		"nothing":                  "",
		"an end of line":           "\r\n",
	}
	for _, path := range []string{
		"empty", "status?200", "status?204", "status?304", "status?404", "status?599", "status?799", "typed", "html", "untyped", "coded", "many", "large",
		"flushed", "flushed-empty", "long", "short", "over", "last", "upgrade", "twice", "split", "dated", "panics", "nowhere",
	} {
		requests["GET "+path] = "GET /" + path + host + "\r\n"
		requests["HEAD "+path] = "HEAD /" + path + host + "\r\n"
		requests["1.0 "+path] = "GET /" + path + " HTTP/1.0\r\n\r\n"
	}
	here, there := run(t, patient, odd).addr, netHTTP(t, odd)
	for name, request := range requests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			method := http.MethodGet
			if strings.HasPrefix(request, "HEAD") {
				method = http.MethodHead
			}
			request += method + " /empty HTTP/1.1\r\nHost: next\r\n\r\n" // whether another may follow
			got, want := replies(t, here, method, request), replies(t, there, method, request)
			if g, w := fmt.Sprint(got), fmt.Sprint(want); g != w {
				t.Errorf("%.200q\ngot  %.2000s\nwant %.2000s", request, g, w)
			}
		})
	}
}

// Where an answer isn't net/http's.
func TestAnswersOfItsOwn(t *testing.T) {
	r := run(t, patient, odd)
	for name, tt := range map[string]struct{ request, want string }{
		"what is expected is unknown: a text": {"GET /tell HTTP/1.1\r\nHost: x\r\nExpect: nothing\r\n\r\n",
			"HTTP/1.1 417 Expectation Failed\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\nDate: "},
		"what is expected first counts": {"GET /tell HTTP/1.1\r\nHost: x\r\nExpect: nothing\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n", "HTTP/1.1 417 Expectation Failed\r\n"},
		"* is the handler's to answer":  {"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 404 Not Found\r\n"},
		"a body that ends early: it says that nothing else is answered": {"POST /read HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhello",
			"HTTP/1.1 200 OK\r\nContent-Length: 20\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n"},
		"a length that is none is the server's":           {"GET /nonsense HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n"},
		"so is the transfer coding":                       {"GET /transfer HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n"},
		"an absolute URL is taken in place of a bad Host": {"GET http://y/tell HTTP/1.1\r\nHost: x/y\r\n\r\n", "HTTP/1.1 200 OK\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			conn := dial(t, r.addr)
			send(t, conn, tt.request)
			conn.CloseWrite()
			got, err := io.ReadAll(conn)
			if err != nil || !strings.HasPrefix(string(got), tt.want) {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
}

// FuzzRequests sends whatever comes to both servers: neither may take for a request
// what the other doesn't.
func FuzzRequests(f *testing.F) {
	for _, seed := range []string{
		"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhelloGET /2 HTTP/1.1\r\nHost: x\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"POST / HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\nhello\r\nGET /2 HTTP/1.0\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: x\r\nExpect: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello",
		"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\nX-After: 1\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET http://y/ HTTP/1.1\r\n\r\n",
		"CONNECT y:1 HTTP/1.1\r\nHost: x/y\r\n\r\n",
	} {
		f.Add([]byte(seed))
	}
	tell := func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Host != "" {
			w.WriteHeader(http.StatusBadRequest) // whether the Host beside it is a bad one can't be seen any more
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			body = nil // how much came before is chance
		}
		fmt.Fprintf(w, "%s %s %s %d %v %v %q %v", r.Method, r.RequestURI, r.Host, r.ContentLength, r.TransferEncoding, r.Header, body, err != nil)
	}
	here, there := run(f, patient, tell).addr, netHTTP(f, tell)
	f.Fuzz(func(t *testing.T, requests []byte) {
		got, want := replies(t, here, http.MethodGet, string(requests)), replies(t, there, http.MethodGet, string(requests))
		for i := range max(len(got), len(want)) {
			if i == len(got) || got[i].Status >= 400 {
				return // it takes less for a request than net/http, or as much
			}
			if i >= len(want) || got[i].Body != want[i].Body || got[i].Status != want[i].Status {
				t.Fatalf("%q\ngot  %v\nwant %v", requests, got, want)
			}
		}
	})
}
