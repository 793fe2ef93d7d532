// Package web is the way in: it listens, finds out who asks, and hands sockets to
// web/ws and calls to web/api. web/http1 reads the requests.
//
// It owns the listeners with their time-outs, what a peer's address is behind
// proxies, health, metrics and the answers to what nobody serves. It promises that
// a peer that is slow, huge or broken costs no more than a bounded time and memory,
// that a panic in a handler ends one request and never the process, and that
// neither queries nor headers reach the log.
package web
