// Package harness runs the built gatepost binary as a child process, with a real
// backend behind it and real clients before it, for the end-to-end tests.
//
// It knows the program only from outside: environment, log lines, sockets and
// HTTP. Tokens are minted and webhooks verified by other libraries' code, so that
// a mistake of the program's isn't made twice. Everything is bound to the
// loopback, bounded in time, and gone when the test has ended; a node whose log
// tells of a panic or a data race fails its test.
package harness
