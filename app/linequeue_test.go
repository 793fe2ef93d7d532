package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"gatepost/app/config"
)

// stuck is an output that takes nothing until it is freed.
type stuck struct {
	freed chan struct{}
	mu    sync.Mutex
	got   bytes.Buffer // guarded by mu
}

func (s *stuck) Write(p []byte) (int, error) {
	<-s.freed
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.got.Write(p)
}

func (s *stuck) lines() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Split(strings.TrimSuffix(s.got.String(), "\n"), "\n")
}

// Nobody who logs waits, the first lines come in sequence, and where lines are missing
// one tells how many.
func TestALogThatNobodyReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := &stuck{freed: make(chan struct{})}
		q := newLineQueue(out)
		log := newLogger(&config.Config{LogLevel: slog.LevelError}, q)
		before := testutil.ToFloat64(droppedLines)
		const lines = 20_000
		for i := range lines {
			log.Error("a line", "i", i)
		}
		close(out.freed)
		synctest.Wait()
		dropped := int(testutil.ToFloat64(droppedLines) - before)
		got := out.lines()
		if dropped == 0 || len(got) != lines-dropped+1 {
			t.Fatalf("%d lines came, %d were dropped", len(got), dropped)
		}
		for i, line := range got[:len(got)-1] {
			if !strings.Contains(line, fmt.Sprintf(`"i":%d}`, i)) {
				t.Fatalf("line %d is %s", i, line)
			}
		}
		if last := got[len(got)-1]; !strings.Contains(last, "dropped here") || !strings.Contains(last, fmt.Sprintf(`"lines":%d}`, dropped)) {
			t.Errorf("the last line is %s, and %d were dropped", last, dropped)
		}
		log.Error("the reader is back")
		q.close(t.Context())
		if got := out.lines(); !strings.Contains(got[len(got)-1], "the reader is back") {
			t.Errorf("the log ends with %s", got[len(got)-1])
		}
	})
}

// The end of the process waits for its last lines, but not for ever.
func TestTheLastLines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := &stuck{freed: make(chan struct{})}
		sh := &shell{}
		_, _ = io.WriteString(sh.queued(out), "never read\n")
		start := time.Now()
		sh.flush()
		if took := time.Since(start); took != flushTime {
			t.Errorf("it waited %s", took)
		}
		close(out.freed)

		out = &stuck{freed: make(chan struct{})}
		q := newLineQueue(out)
		_, _ = io.WriteString(q, "first\n")
		synctest.Wait() // it is being written
		_, _ = io.WriteString(q, "last\n")
		time.AfterFunc(time.Second, func() { close(out.freed) })
		q.close(t.Context())
		if got := fmt.Sprint(out.lines()); got != "[first last]" {
			t.Errorf("got %s", got)
		}
	})
}

// failing is an output that takes the rest of a line each time before it fails, until
// it is mended.
type failing struct {
	bytes.Buffer
	takes int
	fails int // how many writes more
}

func (f *failing) Write(p []byte) (int, error) {
	if f.fails == 0 {
		return f.Buffer.Write(p)
	}
	f.fails--
	n, _ := f.Buffer.Write(p[:min(f.takes, len(p))])
	return n, errors.New("no space left on device")
}

// A disk that was full, and a reader that has come back, get every line whole.
func TestALogThatCantBeWrittenForAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := &failing{takes: 3, fails: 3}
		q := newLineQueue(out)
		_, _ = io.WriteString(q, "one line\nanother\n")
		time.Sleep(time.Minute)
		q.close(t.Context())
		if got := out.String(); got != "one line\nanother\n" {
			t.Errorf("got %q", got)
		}
	})
}

// Where nothing can be written any more the end waits for nothing.
func TestALogWithoutAReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		_ = r.Close()
		defer w.Close()
		q := newLineQueue(w)
		_, _ = io.WriteString(q, "nobody reads this\n")
		time.Sleep(time.Minute)
		start := time.Now()
		q.close(context.Background())
		if took := time.Since(start); took != 0 {
			t.Errorf("it waited %s", took)
		}
	})
}
