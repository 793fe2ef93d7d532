// Package logs keeps what a program or package under test logs, so that a test can wait
// for lines and read them while others are written.
package logs

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
	"testing"
)

// Log is what was written so far. The zero value is empty and ready; all methods may be
// called at any time, by any goroutine.
type Log struct {
	mu   sync.Mutex
	all  bytes.Buffer // guarded by mu
	test testing.TB   // guarded by mu; shows what is written, if it isn't nil
}

// Shown is a log that also shows its lines with the test's, as long as the test runs.
func Shown(t testing.TB) *Log {
	l := &Log{test: t}
	t.Cleanup(func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.test = nil
	})
	return l
}

// Logger writes into the log, one line of text for each record from level Info on.
func (l *Log) Logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

// DebugLogger is Logger from level Debug on.
func (l *Log) DebugLogger() *slog.Logger {
	return slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// Write implements io.Writer.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.test != nil {
		l.test.Logf("%s", p)
	}
	return l.all.Write(p)
}

func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.String()
}

// Reset forgets what was written so far.
func (l *Log) Reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all.Reset()
}

// Count is how many lines have all of these parts.
func (l *Log) Count(parts ...string) (lines int) {
	for line := range strings.SplitSeq(l.String(), "\n") {
		if hasAll(line, parts) {
			lines++
		}
	}
	return lines
}

// Has reports whether some line has all of these parts.
func (l *Log) Has(parts ...string) bool { return l.Count(parts...) > 0 }

func hasAll(line string, parts []string) bool {
	for _, part := range parts {
		if !strings.Contains(line, part) {
			return false
		}
	}
	return true
}

// Tail is the last lines, for a failing test's output.
func (l *Log) Tail(lines int) string {
	all := strings.Split(strings.TrimSuffix(l.String(), "\n"), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
