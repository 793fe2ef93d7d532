package main

import (
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"gatepost/test/logs"
	"gatepost/test/wait"
)

// The demo needs nothing but a port, says how to push, and stops at a signal
// while a page is open.
func TestDemo(t *testing.T) {
	var out, errOut logs.Log
	log := newLineQueue(&errOut)
	signals := make(chan os.Signal, 1)
	ended := make(chan error, 1)
	go func() { ended <- runDemo(t.Context(), "127.0.0.1:0", signals, &out, log) }()

	line := regexp.MustCompile(`curl -H 'authorization: (Bearer \S+)' -H 'content-type: (\S+)' --data-raw '([^']*)' '(http://\S+?)(/push/\S+)'`)
	var curl []string
	wait.For(t, "a curl line", func() bool {
		curl = line.FindStringSubmatch(out.String())
		return curl != nil
	})
	page, err := http.Get(curl[4] + "/")
	if err != nil || page.StatusCode != http.StatusOK {
		t.Fatalf("the page: %v, %v", page, err)
	}
	page.Body.Close()
	stream, err := http.Get(curl[4] + "/demo/wire")
	if err != nil || stream.StatusCode != http.StatusOK {
		t.Fatalf("the stream: %v, %v", stream, err)
	}
	defer stream.Body.Close()

	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, curl[4]+curl[5], strings.NewReader(curl[3]))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", curl[1])
	request.Header.Set("Content-Type", curl[2])
	pushed, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	answer, _ := io.ReadAll(pushed.Body)
	pushed.Body.Close()
	if got := strings.TrimSpace(string(answer)); got != `{"matched":0,"queued":0,"dropped":0}` {
		t.Errorf("the push answered %s", got)
	}

	signals <- syscall.SIGINT
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("the demo ended with %v", err)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("the demo didn't stop")
	}
	log.close(t.Context())
	if errOut.String() != "" {
		t.Errorf("it logged %s", errOut.String())
	}
}

func TestDemoSaysWhyItCannotListen(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for _, addr := range []string{taken.Addr().String(), "nowhere"} {
		var out logs.Log
		if err := runDemo(t.Context(), addr, make(chan os.Signal), &out, newLineQueue(&out)); err == nil {
			t.Errorf("%s: no error", addr)
		}
	}
}

func TestReachable(t *testing.T) {
	for _, c := range []struct {
		listening, at string
		local         bool
	}{
		{"127.0.0.1:8080", "127.0.0.1:8080", true},
		{"[::1]:8080", "[::1]:8080", true},
		{"[::]:8080", "127.0.0.1:8080", false},
		{"0.0.0.0:8080", "127.0.0.1:8080", false},
		{"192.0.2.1:8080", "192.0.2.1:8080", false},
	} {
		addr, err := net.ResolveTCPAddr("tcp", c.listening)
		if err != nil {
			t.Fatal(err)
		}
		if at, local := reachable(addr); at != c.at || local != c.local {
			t.Errorf("%s: got %s, %v; want %s, %v", c.listening, at, local, c.at, c.local)
		}
	}
}
