package store

import (
	"fmt"
	"log/slog"
	"strings"
	"sync"
)

// serverLog takes the embedded server's log: warnings and errors go on, and
// errors of writing are told at once, for the server itself doesn't answer a
// publish that failed so.
type serverLog struct {
	to   *slog.Logger
	hurt chan string // cap 1: an error that writing won't get over

	mu   sync.Mutex
	died string
}

func newServerLog(to *slog.Logger) *serverLog {
	return &serverLog{to: to, hurt: make(chan string, 1)}
}

// fatalForWriting is what the server says when it stops a stream's writing.
var fatalForWriting = []string{
	"critical write error", "failed to store a msg", "no space left", "disabling jetstream", "will be disabled", "read-only file system",
}

// Warnf is the server's.
func (l *serverLog) Warnf(format string, v ...any) {
	l.to.Warn("store: NATS", "says", fmt.Sprintf(format, v...))
}

// Errorf is the server's.
func (l *serverLog) Errorf(format string, v ...any) {
	text := fmt.Sprintf(format, v...)
	l.to.Error("store: NATS", "says", text)
	lower := strings.ToLower(text)
	for _, f := range fatalForWriting {
		if strings.Contains(lower, f) {
			select {
			case l.hurt <- text:
			default:
			}
			return
		}
	}
}

// Fatalf is the server's. It doesn't end the process.
func (l *serverLog) Fatalf(format string, v ...any) {
	text := fmt.Sprintf(format, v...)
	l.to.Error("store: NATS", "says", text)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.died = text
}

// Noticef is the server's.
func (l *serverLog) Noticef(string, ...any) {}

// Debugf is the server's.
func (l *serverLog) Debugf(string, ...any) {}

// Tracef is the server's.
func (l *serverLog) Tracef(string, ...any) {}

func (l *serverLog) fatal() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.died
}
