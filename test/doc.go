// Package test holds the end-to-end tests: the built binary, started as a child
// process, with real sockets before it and a real backend behind it. Each test
// states a promise of docs/protocol.md that must hold from outside.
//
// Those that measure times or memory run alone, first; the others run beside each
// other.
package test
