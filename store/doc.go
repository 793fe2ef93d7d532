// Package store says what a store is: values under keys that outlive the
// process, with writes that can be waited for. The engines are below it:
// store/sqlite keeps them in a directory, store/jetstream on a NATS server, and
// Memory, which is here, keeps nothing.
//
// # What is kept
//
// A write is kept when the Wait of its Commit returns nil. A write whose Wait
// returns an error of this package is not there, and the key has the value it
// had. One exception: if the process dies after a write failed and before the
// next one is kept, the failed one may be there at the next start.
//
// Writes are kept in their order: if one is there, so are all that were kept
// before it. What a crash of the system can take is the engine's to say.
//
// # Failures
//
// A full disk, a disk that fails, a server that is away: what waits fails with
// ErrFull or ErrUnavailable, later writes fail at once, Health says why, and the
// store goes on trying by itself. Deletes that fail are made up for afterwards,
// unless the process ends before.
//
// Damage never stops a store from opening: what can be read is saved, the rest
// is set aside, and the log says so.
package store
