package http1

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// fieldsIn looks at a header that comes in pieces of so many bytes.
func fieldsIn(pieces int, header []byte) (f fields) {
	f.begin()
	for piece := range slices.Chunk(header, pieces) {
		f.follow(piece)
	}
	return f
}

func sent(f fields) string { return fmt.Sprint(f.host, f.length, f.coding, f.over) }

func TestFields(t *testing.T) {
	const first = "POST / HTTP/1.1\r\n"
	for header, want := range map[string]fields{
		first + "\r\n":                      {over: true},
		first + "Host: x\r\n\r\n":           {host: true, over: true},
		first + "HOST:\n\n":                 {host: true, over: true},
		first + "Host: x\r\n":               {host: true},
		first + "Host":                      {},
		first + "X-Host: x\r\nHosts: y\r\n": {},
		first + "Content-Length: 1\r\ntransfer-ENCODING: chunked\r\n\r\n":          {length: true, coding: true, over: true},
		first + "Transfer-Encoding-: x\r\nContent-Lengt: 1\r\n\r\n":                {over: true},
		first + "A: b\r\n Host: x\r\n\tHost: y\r\n\r\n":                            {over: true},
		first + "\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: x\r\n\r\n": {over: true},
		"Host: x\r\n\r\n":                     {over: true},
		first + "no colon\r\nHost: x\r\n\r\n": {host: true, over: true},
	} {
		for _, pieces := range []int{1, 2, 3, 5, 1000} {
			if got := fieldsIn(pieces, []byte(header)); sent(got) != sent(want) {
				t.Errorf("%q in pieces of %d: got %s, want %s", header, pieces, sent(got), sent(want))
			}
		}
	}
}

// FuzzFields: what is found doesn't depend on how a header comes, and where net/http reads
// it, is what is in it.
func FuzzFields(f *testing.F) {
	for _, seed := range []string{"Host: x", "Content-Length: 1\r\nHost: y", "Transfer-Encoding: chunked", "A: b\r\n Host: x", "\nHost: x", "Host : x", "\rHost: x"} {
		f.Add([]byte(seed), byte(1))
	}
	f.Fuzz(func(t *testing.T, lines []byte, pieces byte) {
		header := slices.Concat([]byte("GET / HTTP/1.0\r\n"), lines, []byte("\r\n\r\n"))
		got, whole := fieldsIn(max(int(pieces), 1), header), fieldsIn(len(header), header)
		if sent(got) != sent(whole) {
			t.Fatalf("%q: in pieces %s, whole %s", header, sent(got), sent(whole))
		}
		r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(header)))
		if err != nil {
			return
		}
		for name, found := range map[string]bool{hostField: whole.host, lengthField: whole.length, codingField: whole.coding} {
			end := regexp.MustCompile(`\n\r?\n`).FindIndex(header)[0]
			if want := regexp.MustCompile(`(?i)\n` + name + `:`).Match(header[:end]); found != want {
				t.Fatalf("%q: %s is found: %v", header, name, found)
			}
		}
		if r.Host != "" && !whole.host {
			t.Fatalf("%q has a Host", header)
		}
	})
}

// A request that somebody in front may end elsewhere is its connection's last.
func TestAmbiguousFraming(t *testing.T) {
	r := run(t, patient, odd)
	const chunks = "5\r\nhello\r\n0\r\n\r\n"
	keep := "Connection: keep-alive\r\n"
	for name, tt := range map[string]struct {
		request string
		answers int // of this and the one behind it
	}{
		"a length":                        {"POST /tell HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello", 2},
		"chunks":                          {"POST /tell HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks, 2},
		"1.0 and a length":                {"POST /tell HTTP/1.0\r\n" + keep + "Content-Length: 5\r\n\r\nhello", 2},
		"length and chunks":               {"POST /tell HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks, 1},
		"chunks and length":               {"POST /tell HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 999\r\n\r\n" + chunks, 1},
		"an unread one":                   {"POST /empty HTTP/1.1\r\nHost: x\r\ntransfer-encoding: chunked\r\ncontent-length: 0\r\n\r\n" + chunks, 1},
		"no body after all":               {"GET /tell HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 1},
		"1.0 and chunks":                  {"POST /tell HTTP/1.0\r\n" + keep + "Transfer-Encoding: chunked\r\n\r\n" + chunks, 1},
		"1.0 with another coding":         {"POST /tell HTTP/1.0\r\n" + keep + "Transfer-Encoding: identity\r\n\r\n", 1},
		"1.0 and both":                    {"POST /tell HTTP/1.0\r\n" + keep + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\nhello", 1},
		"the same behind another request": {get + "POST /tell HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks, 2},
	} {
		for _, pieces := range []int{7, 1 << 20} {
			t.Run(fmt.Sprint(name, " in pieces of ", pieces), func(t *testing.T) {
				t.Parallel()
				conn := dial(t, r.addr)
				for piece := range slices.Chunk([]byte(tt.request+"GET /empty HTTP/1.1\r\nHost: behind\r\nConnection: close\r\n\r\n"), pieces) {
					if _, err := conn.Write(piece); err != nil {
						break // it is closed already
					}
				}
				got := ended(t, conn)
				if n := len(regexp.MustCompile(`HTTP/1\.[01] \d{3} `).FindAllString(got, -1)); n != tt.answers {
					t.Errorf("%d answers, want %d:\n%s", n, tt.answers, got)
				}
			})
		}
	}
}

// A server that has a clock says when (RFC 9110, section 6.6.1): an answer to a request
// that can't be read, too.
func TestEachAnswerHasADate(t *testing.T) {
	r := run(t, patient, odd)
	for name, request := range map[string]string{
		"200": get, "404": "GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n", "304": "GET /status?304 HTTP/1.1\r\nHost: x\r\n\r\n",
		"500": "GET /status?500 HTTP/1.1\r\nHost: x\r\n\r\n", "HEAD": "HEAD / HTTP/1.1\r\nHost: x\r\n\r\n", "1.0": "GET / HTTP/1.0\r\n\r\n",
		"not HTTP": "\x16\x03\x01\r\n\r\n", "no Host": "GET / HTTP/1.1\r\n\r\n", "an unknown version": "GET / HTTP/3.0\r\nHost: x\r\n\r\n",
		"another coding": "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n",
		"a huge header":  "GET / HTTP/1.1\r\nHost: x\r\nX-Huge: " + strings.Repeat("x", 20_000) + "\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			conn := dial(t, r.addr)
			_, _ = io.WriteString(conn, request) // it may be refused before its end
			answered, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := http.ParseTime(answered.Header.Get("Date")); err != nil || len(answered.Header["Date"]) != 1 {
				t.Errorf("%s has the Date %q", answered.Status, answered.Header["Date"])
			}
		})
	}
}
