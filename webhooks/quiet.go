package webhooks

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// quietFor is how long an endpoint's next line of a kind waits after the last.
const quietFor = 10 * time.Second

// quiet writes one kind of log line for one endpoint without flooding: the first
// at once, then, at most every 10 seconds, the latest with the number of those
// that it stands for. A backend that is down makes a line now and then, not one
// for each attempt.
type quiet struct {
	log   *slog.Logger
	level slog.Level

	mu      sync.Mutex // guards the following
	timer   *time.Timer
	running bool
	more    int // since the last line
	text    string
	attrs   []slog.Attr
}

func newQuiet(log *slog.Logger, level slog.Level) *quiet {
	q := &quiet{log: log, level: level}
	q.timer = time.AfterFunc(time.Hour, q.summary)
	q.timer.Stop()
	return q
}

// say logs the line now or counts it for the next summary.
func (q *quiet) say(text string, attrs ...slog.Attr) {
	if !q.log.Enabled(context.Background(), q.level) {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.running {
		q.more++
		q.text, q.attrs = text, attrs
		return
	}
	q.running = true
	q.timer.Reset(quietFor)
	q.log.LogAttrs(context.Background(), q.level, text, attrs...)
}

func (q *quiet) summary() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.running = q.flush()
	if q.running {
		q.timer.Reset(quietFor)
	}
}

// flush logs what was held back and says whether there was anything.
func (q *quiet) flush() bool {
	if q.more == 0 {
		return false
	}
	attrs := append(q.attrs[:len(q.attrs):len(q.attrs)], slog.Int("times", q.more))
	q.log.LogAttrs(context.Background(), q.level, q.text, attrs...)
	q.more, q.attrs = 0, nil
	return true
}

// close logs what was held back and ends the clock.
func (q *quiet) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.timer.Stop()
	q.flush()
	q.running = false
}
