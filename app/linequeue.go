package main

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

const (
	// lineQueueRoom is how many bytes of lines may wait, beside those that are being written.
	lineQueueRoom = 1 << 20
	// lineQueueSpare is the largest buffer that is kept for the next lines.
	lineQueueSpare = 64 << 10
	// Pauses between attempts to write where that fails: no reader, no room on the disk.
	firstRetry, longestRetry = 10 * time.Millisecond, time.Second
)

// droppedLines counts over all queues: a process has one log.
var droppedLines = prometheus.NewCounter(prometheus.CounterOpts{
	Name: "gatepost_dropped_log_lines_total",
	Help: "Lines of the log that were dropped since they couldn't be written in time.",
})

// lineQueue keeps whoever writes lines from waiting for whoever reads them: a pipe that
// nobody reads takes nothing more, a disk may be full. Lines are written in sequence by one
// goroutine, which holds no lock meanwhile. Those that find no room are dropped, and a
// line in their place tells how many.
type lineQueue struct {
	out     io.Writer
	wake    chan struct{} // has an element when lines may wait
	closing chan struct{} // closed by close
	done    chan struct{} // closed when the last line is written, or given up

	mu      sync.Mutex
	waiting []byte                 // guarded by mu
	dropped int                    // guarded by mu; lines that nothing tells of yet
	told    func(lines int) []byte // guarded by mu; the line that tells of them
}

// newLineQueue is a queue in front of out; close ends it.
func newLineQueue(out io.Writer) *lineQueue {
	q := &lineQueue{out: out, wake: make(chan struct{}, 1), closing: make(chan struct{}), done: make(chan struct{})}
	q.told = func(lines int) []byte {
		return fmt.Appendf(nil, "gatepost: %d lines were dropped, which couldn't be written in time\n", lines)
	}
	go q.write()
	return q
}

// Write takes a line, or several, which are kept together; or drops them. It never fails.
func (q *lineQueue) Write(line []byte) (int, error) {
	q.mu.Lock()
	fits := len(q.waiting)+len(line) <= lineQueueRoom
	if fits {
		q.waiting = append(q.waiting, line...)
	} else {
		q.dropped++
	}
	q.mu.Unlock()
	if !fits {
		droppedLines.Inc()
		return len(line), nil
	}
	select {
	case q.wake <- struct{}{}:
	default:
	}
	return len(line), nil
}

// tellWith sets the form of the line that tells how many were dropped.
func (q *lineQueue) tellWith(told func(lines int) []byte) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.told = told
}

// close waits until all lines are written, or ctx ends. It is called once; what is
// written afterwards may be lost.
func (q *lineQueue) close(ctx context.Context) {
	close(q.closing)
	select {
	case <-q.done:
	case <-ctx.Done():
	}
}

// write writes what waits, until the queue is closed.
func (q *lineQueue) write() {
	defer close(q.done)
	var batch []byte
	for {
		batch = q.take(batch)
		if len(batch) == 0 {
			select {
			case <-q.wake:
				continue
			case <-q.closing:
			}
			if batch = q.take(batch); len(batch) == 0 {
				return
			}
		}
		if !q.writeAll(batch) {
			return
		}
	}
}

// take gives what waits. The buffer, which is written, is for what comes next.
func (q *lineQueue) take(buffer []byte) []byte {
	if cap(buffer) > lineQueueSpare {
		buffer = nil
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	batch := q.waiting
	q.waiting = buffer[:0]
	if q.dropped > 0 { // they came behind what found room
		q.waiting = append(q.waiting, q.told(q.dropped)...)
		q.dropped = 0
	}
	return batch
}

// writeAll writes the batch. Where that fails it tries again, and goes on where it was:
// there may be a reader again, or room on the disk. It is false where the queue is closed
// and writing fails.
func (q *lineQueue) writeAll(batch []byte) bool {
	pause := firstRetry
	for {
		n, err := q.out.Write(batch)
		if err == nil {
			return true
		}
		if batch = batch[n:]; n > 0 {
			pause = firstRetry
		}
		select {
		case <-time.After(pause):
		case <-q.closing:
			return false
		}
		pause = min(2*pause, longestRetry)
	}
}
