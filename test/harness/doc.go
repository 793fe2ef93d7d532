// Package harness runs the built gatepost binary as a child process, with a real
// backend behind it and real clients before it, for the end-to-end tests.
//
// It knows the program only from outside: environment, log lines, sockets and
// HTTP. Tokens are minted and webhooks verified by other libraries' code, so that
// a mistake of the program's isn't made twice. Everything is bound to the
// loopback, bounded in time, and gone when the test has ended; a node whose log
// tells of a panic or a data race fails its test.
//
// Where what is:
//
//   - the program: main.go and build.go build it, node.go runs it as a server,
//     command.go as a command; log.go, metrics.go, memory.go and sockets.go are what
//     can be seen of a node;
//   - several: cluster.go, nats.go for an external NATS, network.go for networks that
//     can be cut;
//   - before it: client.go, crowd.go for many of them, api.go, token.go;
//   - behind it: backend.go, deliveries.go and event.go for what it has received;
//   - program.go and npm.go run what isn't Gatepost.
package harness
