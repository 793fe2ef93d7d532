package test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"gatepost/test/harness"
	"gatepost/test/wait"
)

// Whoever has sent a part of a call and no more doesn't keep a node from ending, nor
// make its end a failure: he is cut off, and the log says so.
func TestDrainWhileACallIsHalfSent(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		sent   func(token string) string
		answer string // that comes when the node waits for the rest
	}{
		"half a header": {
			func(string) string { return "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /healthz HTTP/1.1\r\nHo" },
			"HTTP/1.1 200 ",
		},
		"half a body": {
			func(token string) string {
				return "POST /push/all HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + token +
					"\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\nhello"
			},
			"HTTP/1.1 100 ",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			node := harness.Start(t, nil)
			stranger, err := net.Dial("tcp", node.Addr)
			if err != nil {
				t.Fatal(err)
			}
			defer stranger.Close()
			_ = stranger.SetDeadline(time.Now().Add(wait.Patience))
			fmt.Fprint(stranger, tt.sent(harness.APIToken(t, "push")))
			answers := bufio.NewReader(stranger)
			if line, err := answers.ReadString('\n'); !strings.HasPrefix(line, tt.answer) {
				t.Fatalf("got %q, %v", line, err)
			}
			begun := time.Now()
			node.Signal(syscall.SIGTERM)
			status := node.Exit(wait.Patience)
			if took := time.Since(begun); status != 0 || took > 3*time.Second {
				t.Errorf("it took %s, with status %d", took, status)
			}
			if !node.Log.Has(`"level":"WARN"`, "cut off") || !node.Log.Has(`"msg":"stopped"`) {
				t.Errorf("the log says\n%s", node.Log)
			}
			_, _ = io.Copy(io.Discard, answers) // until it is cut off, whichever way
		})
	}
}
