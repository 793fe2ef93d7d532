package webhooks

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"
)

const (
	// quietFor is how long the next line on a topic waits after the last.
	quietFor = 10 * time.Second
	// maxTopics is how many topics there may be at a time: what comes beyond them shares one
	// for each text and endpoint.
	maxTopics = 32
)

// quiet writes log lines of one level without flooding. On each topic the
// first comes at once, then, at most every 10 seconds, one with the number of those that it
// stands for, and the number of others, which say something else. A backend that is down
// makes a line now and then, not one for each attempt.
type quiet struct {
	log   *slog.Logger
	level slog.Level

	mu     sync.Mutex
	topics map[topic]*heldBack // guarded by mu; those with a line in the last 10 seconds
}

// topic is what lines have in common that may stand for each other.
type topic struct {
	text, endpoint, event, status string
}

// heldBack is what came on a topic since its last line.
type heldBack struct {
	timer         *time.Timer
	says          string      // of those that the next line stands for
	attrs         []slog.Attr // of the latest of these
	times, others int
}

func newQuiet(log *slog.Logger, level slog.Level) *quiet {
	return &quiet{log: log, level: level, topics: map[topic]*heldBack{}}
}

// say logs the line now or counts it for the next summary. Its topic is the text with the
// attributes endpoint, event and status.
func (q *quiet) say(text string, attrs ...slog.Attr) {
	if !q.log.Enabled(context.Background(), q.level) {
		return
	}
	on, says := topicOf(text, attrs)
	q.mu.Lock()
	defer q.mu.Unlock()
	h := q.topics[on]
	if h == nil && len(q.topics) >= maxTopics {
		on = topic{text: text, endpoint: on.endpoint}
		h = q.topics[on]
	}
	if h != nil {
		h.hold(says, attrs)
		return
	}
	q.topics[on] = &heldBack{timer: time.AfterFunc(quietFor, func() { q.summary(on) })}
	q.log.LogAttrs(context.Background(), q.level, text, attrs...)
}

// topicOf gives a line's topic, and what it says there, but for numbers: of two attempts
// one may have had a moment less.
func topicOf(text string, attrs []slog.Attr) (on topic, says string) {
	on.text = text
	for _, a := range attrs {
		switch a.Key {
		case "endpoint":
			on.endpoint = a.Value.String()
		case "event":
			on.event = a.Value.String()
		case "status":
			on.status = a.Value.String()
		case "error", "reason", "hint", "field":
			says += strings.Map(noNumber, a.Value.String()) + "\n"
		}
	}
	return on, on.event + on.status + says
}

func noNumber(r rune) rune {
	if r >= '0' && r <= '9' || r == '.' {
		return -1
	}
	return r
}

func (h *heldBack) hold(says string, attrs []slog.Attr) {
	if h.times > 0 && h.says != says {
		h.others++
		return
	}
	h.says, h.attrs = says, attrs
	h.times++
}

func (q *quiet) summary(on topic) {
	q.mu.Lock()
	defer q.mu.Unlock()
	h := q.topics[on]
	switch {
	case h == nil: // closed
	case q.flush(on, h):
		h.timer.Reset(quietFor)
	default:
		delete(q.topics, on)
	}
}

// flush logs what was held back and says whether there was anything.
func (q *quiet) flush(on topic, h *heldBack) bool {
	if h.times == 0 {
		return false
	}
	attrs := append(h.attrs[:len(h.attrs):len(h.attrs)], slog.Int("times", h.times))
	if h.others > 0 {
		attrs = append(attrs, slog.Int("others", h.others))
	}
	q.log.LogAttrs(context.Background(), q.level, on.text, attrs...)
	h.times, h.others, h.attrs = 0, 0, nil
	return true
}

// close logs what was held back and ends the clocks.
func (q *quiet) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	for on, h := range q.topics {
		h.timer.Stop()
		q.flush(on, h)
		delete(q.topics, on)
	}
}
