package cluster

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"time"
)

// engineLog takes the server's log. What it says of routes goes on once in a
// minute for each address, in words that say what to do.
type engineLog struct {
	log   *slog.Logger
	fatal chan string // cap 1

	mu   sync.Mutex
	told map[string]time.Time // by what it was about, and the message
}

const (
	tellAgain = time.Minute
	maxTold   = 1000
)

func newEngineLog(log *slog.Logger) *engineLog {
	return &engineLog{log: log, fatal: make(chan string, 1), told: make(map[string]time.Time)}
}

// Errorf is the server's.
func (l *engineLog) Errorf(format string, v ...any) {
	text := fmt.Sprintf(format, v...)
	address, said := routeAddress(text)
	switch {
	case strings.Contains(text, "handshake error"):
		l.tell(slog.LevelWarn, address, address, "cluster: a route was refused", refusal(text))
	case strings.HasPrefix(text, "Error trying to connect to route"):
		if _, reason, ok := strings.Cut(text, "): "); ok {
			text = reason
		}
		level := slog.LevelWarn
		if strings.HasSuffix(text, syscall.ECONNREFUSED.Error()) {
			level = slog.LevelInfo // its machine is there: it hasn't begun yet, or has ended
		}
		l.tell(level, text, dialled(text), "cluster: a peer can't be reached, and is tried again and again", text)
	default:
		l.tell(slog.LevelWarn, address+numbers.ReplaceAllString(said, ""), address, "cluster: NATS", said)
	}
}

// Warnf is the server's.
func (l *engineLog) Warnf(format string, v ...any) {
	text := fmt.Sprintf(format, v...)
	if strings.HasPrefix(text, "TLS certificate chain and hostname") {
		return // keys are compared instead
	}
	address, said := routeAddress(text)
	l.tell(slog.LevelWarn, address+numbers.ReplaceAllString(said, ""), address, "cluster: NATS", said)
}

// Fatalf is the server's. It doesn't end the process.
func (l *engineLog) Fatalf(format string, v ...any) {
	select {
	case l.fatal <- failure(fmt.Sprintf(format, v...)):
	default:
	}
}

// Noticef is the server's.
func (l *engineLog) Noticef(format string, v ...any) { l.Debugf(format, v...) }

// Debugf is the server's.
func (l *engineLog) Debugf(format string, v ...any) {
	l.log.Debug("cluster: NATS", "says", fmt.Sprintf(format, v...))
}

// Tracef is the server's.
func (l *engineLog) Tracef(string, ...any) {}

// tell logs unless the same message was told of about lately.
func (l *engineLog) tell(level slog.Level, about, address, message, reason string) {
	l.mu.Lock()
	now, key := time.Now(), about+message
	if at, ok := l.told[key]; ok && now.Sub(at) < tellAgain {
		l.mu.Unlock()
		return
	}
	if len(l.told) >= maxTold {
		clear(l.told)
	}
	l.told[key] = now
	l.mu.Unlock()
	l.log.Log(context.Background(), level, message, "address", address, "reason", reason)
}

// numbers are what differs where the server says the same again.
var numbers = regexp.MustCompile(`\d+`)

// routeAddress is the host that a line of the server's log begins with, if it is of a
// route, and the rest without the number that each route has.
func routeAddress(text string) (host, said string) {
	first, rest, _ := strings.Cut(text, " ")
	host, _, err := net.SplitHostPort(first)
	if err != nil {
		return "", text
	}
	return host, routePrefix.ReplaceAllString(rest, "")
}

var routePrefix = regexp.MustCompile(`^- rid:\d+ - `)

// dialled is the address that a failed attempt was made at; empty: none was found.
func dialled(reason string) string {
	rest, ok := strings.CutPrefix(reason, "dial tcp ")
	if !ok {
		return ""
	}
	address, _, _ := strings.Cut(rest, ": ")
	return address
}

// refusal says what a failed handshake means.
func refusal(text string) string {
	_, reason, _ := strings.Cut(text, "handshake error: ")
	switch {
	case strings.Contains(reason, errStranger.Error()):
		return errStranger.Error()
	case strings.Contains(reason, "remote error: tls: bad certificate"):
		return "the other side doesn't accept this node's GATEPOST_SECRET"
	case strings.Contains(reason, "first record does not look like"), strings.Contains(reason, "unsupported versions"):
		return "what came isn't a node's: " + reason
	}
	return reason
}

// failure says what keeps the server from starting.
func failure(text string) string {
	if taken, ok := strings.CutPrefix(text, "Error listening on router port: "); ok {
		_, reason, _ := strings.Cut(taken, " - ") // the port stands before it, and in it
		return "GATEPOST_CLUSTER_LISTEN: " + reason
	}
	return text
}
