package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

const nodeSecret = "a secret of the benchmark of 32 bytes or more"

// startNode runs the gateway on free loopback ports and waits until it is ready.
func startNode(o options, env ...string) (*server, error) {
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	admin, err := freeAddr()
	if err != nil {
		return nil, err
	}
	token, err := sign(jwt.MapClaims{"aud": "gatepost:api", "scope": "push read"})
	if err != nil {
		return nil, err
	}
	s := &server{
		addr:     addr,
		cmd:      exec.Command(o.binary, "serve"), //nolint:gosec // the binary under test is the operator's choice
		token:    token,
		welcomes: true,
		wsPath:   func(string) string { return "/ws" },
		pushAll:  "/push/all",
		pushOne:  func(_ int, id string) string { return "/push/clients/" + id },
		settled:  func() bool { return settled(admin) },
	}
	if o.profiles != "" {
		s.profile = func() func() { return profile(admin, o.profiles) }
	}
	s.cmd.Env = append([]string{
		"PATH=" + os.Getenv("PATH"),
		"GATEPOST_ADDR=" + addr, "GATEPOST_ADMIN_ADDR=" + admin, "GATEPOST_SECRET=" + nodeSecret, "GATEPOST_DATA_DIR=memory",
		"GATEPOST_ORIGINS=*", "GATEPOST_LOG_LEVEL=warn", "GATEPOST_DRAIN=1s", "GATEPOST_CLIENT_RATE=0",
	}, env...)
	if err := s.start(); err != nil {
		return nil, err
	}
	return s, s.await("http://" + addr + "/readyz")
}

// sign makes a token that holds for an hour.
func sign(claims jwt.MapClaims) (string, error) {
	claims["exp"] = time.Now().Add(time.Hour).Unix()
	return jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte(nodeSecret))
}

// settled says whether the node has no clients any more, nor events of theirs.
func settled(admin string) bool {
	metrics, err := get("http://" + admin + "/metrics")
	if err != nil {
		return false
	}
	for _, gauge := range []string{`gatepost_clients{state="open"}`, `gatepost_clients{state="closing"}`, "gatepost_events_waiting"} {
		if !strings.Contains(metrics, "\n"+gauge+" 0\n") {
			return false
		}
	}
	return true
}

// profile begins a CPU profile of the node, for two seconds; the returned function
// waits for it.
func profile(admin, folder string) (finish func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		text, err := get("http://" + admin + "/debug/pprof/profile?seconds=2")
		if err == nil {
			err = os.WriteFile(filepath.Join(folder, fmt.Sprintf("%d.pb.gz", time.Now().UnixMilli())), []byte(text), 0o600)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "bench: no profile:", err)
		}
	}()
	return func() { <-done }
}

func get(url string) (string, error) {
	res, err := http.Get(url) //nolint:gosec,noctx // the node's own address; it ends with the node
	if err != nil {
		return "", err
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	return string(body), err
}
