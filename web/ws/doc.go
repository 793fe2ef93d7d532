// Package ws lets clients in and reads from them: the judgement before the
// upgrade, the upgrade itself, and everything that comes up a connection until
// it ends. It is the only user of melody and gorilla/websocket.
//
// It promises that whatever can be refused is refused before the upgrade, as
// HTTP; that a token which was looked at is in nothing that leaves the package;
// that each admission is followed by exactly one call of Gateway.Closed and the
// return of its place among the connections, whatever fails or panics; and that
// a connection ends with the documented close code.
//
// It writes nothing to an open connection itself. What goes down, control
// frames too, goes through the client's queue in package hub, which is the one
// writer and owns the heartbeat and the closing handshake. melody drives the
// reading, gorilla parses the frames; both see the connection through a peer,
// which keeps their writes and deadlines from it.
package ws
