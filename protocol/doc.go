// Package protocol holds the words that every other package speaks: events,
// replies, actions, names, ids, limits, close codes and problems.
//
// It owns their wire form (JSON) and their validation, and promises that a value
// it parsed without an error keeps every limit of the contract in
// docs/protocol.md. It imports the standard library only, does no I/O and holds
// no state.
package protocol
