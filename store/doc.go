// Package store keeps values under keys so that they survive the process. It
// is a log on JetStream with an index in memory: writes are gathered into
// messages (group commit), Open reads the log once, and compaction rewrites
// what is live and removes what lies before it. JetStream is only the log:
// embedded in this process, without a port, or an external server; the code is
// the same.
//
// # What is kept
//
// A write is kept when its Commit.Wait returns nil. A write whose Wait returns
// an error of this package is not there, and the key has the value it had. One
// exception: if the process dies after a write failed and before the next one
// is kept, the failed one may be there at the next start.
//
// Writes are kept in their order: if one is there, so are all that were kept
// before it.
//
// What can be lost of the writes whose Wait returned nil:
//
//   - The process dies (kill -9, a crash, out of memory): nothing.
//   - The system dies (power, kernel) with Sync 0: nothing, on a file system
//     that keeps its promise about fsync (a new block file's name is synced with
//     the file, as ext4, xfs and btrfs do). test/powerloss tries it on ext4.
//   - The system dies with Sync above 0: the writes of about the last Sync,
//     plus the time that syncing takes. They are missing at the end, none in
//     between, as long as the file system writes a file's data in order; where
//     it didn't, the start says what can't be read.
//   - With an external server: its own sync_interval decides (2 minutes unless
//     set otherwise), or its replicas: give the stream GATEPOST_STORE_<node>
//     three of them, and a server may die. The store leaves that setting alone.
//
// # Failures
//
// A full disk, a disk that fails, a server that is away: all that waits fails
// with ErrFull or ErrUnavailable, later writes fail at once, Health says why,
// and the store goes on trying, at most 5 s apart; the embedded server is
// started anew, for it gives a stream up after an error of writing. An external
// server may be away for 10 s before anything fails. Deletes that fail are made up
// for afterwards, unless the process ends before.
//
// A damaged log never stops Open. The blocks are checked before the server
// sees them, since it cuts a damaged one off without a word. If anything but an
// unfinished last write, which a kill can leave, is wrong, the server's directory is renamed to
// jetstream.damaged-<time>, all that can be read of it is brought into a
// fresh log, and Opened says what was wrong and where the old one is. A key may
// then have an older value, or be back, if what came later can't be read. If
// the process dies three times while it opens a log, that log is set aside
// without another look.
//
// # Memory
//
// A key of 30 bytes takes about 125 bytes of index, a message of the log 16.
// What waits takes 32 MiB at most, what was read last 4 MiB. Values live on the
// disk alone.
package store
