// Package sqlite is a store in a directory: one SQLite database with one table (key,
// value, crc). Writes are gathered into transactions (group commit), which one goroutine
// makes.
//
// The records lie in the order in which they came; which row is whose is in memory, by the
// hashes of keys. An index of the keys, which are at random, would have each write change
// a page of its own.
//
// # What a crash can take
//
// What can be lost of the writes whose Wait returned nil:
//
//   - The process dies (kill -9, a crash, out of memory): nothing.
//   - The system dies (power, kernel) with Sync 0: nothing, on a disk that keeps its
//     promise about fsync. test/powerloss tries it on ext4.
//   - The system dies with Sync above 0: the writes of about the last Sync, plus the time
//     that syncing takes. They are missing at the end, none in between.
//
// # The files
//
// The database is in WAL mode. What is written lies in its log until a checkpoint moves
// it into the database: soon after the last write, and each 4 MiB under load, beside the
// writer; above 64 MiB of log the writer itself empties it, between two groups. Nobody
// here opens and closes the database file but by SQLite: closing any descriptor of it
// would drop SQLite's locks. The directory's own lock keeps a second process out.
//
// # Failures
//
// When the disk is full puts are refused. The ballast, a file that holds some room back,
// goes, so that deletes and a checkpoint still fit; once it fits again all is well. A
// group that doesn't fit is tried write by write. After an error of writing the database
// is opened anew. After one of syncing all records are written into a new file: the
// system may have forgotten what it couldn't write.
//
// # Damage
//
// SQLite checks no pages, so that each record has a checksum. Open reads all of them.
// Where something is wrong the file is set aside as gatepost.db.damaged-<time>, with its
// log, and the records that can be read, from both ends, are brought into a new one.
package sqlite
