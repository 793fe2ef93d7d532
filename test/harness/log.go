package harness

import (
	"bytes"
	"encoding/json"
	"strings"
	"sync"
)

// Log is what a node has written to its standard output and error so far.
type Log struct {
	mu  sync.Mutex
	all bytes.Buffer // guarded by mu
}

// Write implements io.Writer.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.Write(p)
}

func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.String()
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
func (l *Log) Has(parts ...string) bool {
	for line := range strings.SplitSeq(l.String(), "\n") {
		if hasAll(line, parts) {
			return true
		}
	}
	return false
}

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

// attribute is the value of the first complete JSON line with this message and
// attribute, or empty.
func (l *Log) attribute(message, name string) string {
	for line := range strings.SplitSeq(l.String(), "\n") {
		var fields map[string]any
		if json.Unmarshal([]byte(line), &fields) != nil || fields["msg"] != message {
			continue
		}
		if value, ok := fields[name].(string); ok {
			return value
		}
	}
	return ""
}
