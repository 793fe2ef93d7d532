package main

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// latency measures, from before a push to all is sent until each client has it, at
// a rate that leaves the server idle in between.
func latency(s *server, _ options) ([]figure, error) {
	const clients, pushes, interval = 1000, 100, time.Second / 20
	sockets, err := openAll(s, clients)
	defer closeAll(sockets)
	if err != nil {
		return nil, err
	}
	var (
		mu   sync.Mutex
		took = make([]time.Duration, 0, clients*pushes)
	)
	for _, s := range sockets {
		s.handle(func(payload []byte) {
			sent, _ := strconv.ParseInt(string(payload[:19]), 10, 64) // nanoseconds since 1970 have 19 digits
			d := time.Duration(time.Now().UnixNano() - sent)
			mu.Lock()
			took = append(took, d)
			mu.Unlock()
		})
	}
	client := &http.Client{Timeout: patience}
	defer client.CloseIdleConnections()
	pad := strings.Repeat("x", 81)
	next := time.Now()
	for range pushes {
		time.Sleep(time.Until(next))
		next = next.Add(interval)
		if err := s.post(client, s.pushAll, fmt.Sprint(time.Now().UnixNano())+pad); err != nil {
			return nil, err
		}
	}
	err = waitFor(func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(took) >= clients*pushes
	})
	if err != nil {
		return nil, err
	}
	mu.Lock()
	defer mu.Unlock()
	slices.Sort(took)
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	return []figure{
		{"push to 1000 clients, 20 a second: p50 until delivered", "ms", "", ms(took[len(took)/2])},
		{"the same: p99", "ms", "≤ nchan's", ms(took[len(took)*99/100])},
	}, nil
}
