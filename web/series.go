package web

import (
	"maps"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
)

// seriesKey is what a call's metrics are labelled with. There are few: routes are
// templates, methods are known ones.
type seriesKey struct {
	method, route string
	status        int
}

// series are the metrics of one key.
type series struct {
	calls   prometheus.Counter
	seconds prometheus.Observer
}

// seriesCache finds a key's metrics without hashing its labels, as prometheus would
// on each call.
type seriesCache struct {
	calls   *prometheus.CounterVec
	seconds *prometheus.HistogramVec
	mu      sync.Mutex                           // held to add
	known   atomic.Pointer[map[seriesKey]series] // replaced by each addition
}

func newSeriesCache(calls *prometheus.CounterVec, seconds *prometheus.HistogramVec) *seriesCache {
	c := &seriesCache{calls: calls, seconds: seconds}
	c.known.Store(&map[seriesKey]series{})
	return c
}

func (c *seriesCache) of(k seriesKey) series {
	if s, ok := (*c.known.Load())[k]; ok {
		return s
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	known := maps.Clone(*c.known.Load())
	known[k] = series{
		calls:   c.calls.WithLabelValues(k.method, k.route, strconv.Itoa(k.status)),
		seconds: c.seconds.WithLabelValues(k.method, k.route),
	}
	c.known.Store(&known)
	return known[k]
}
