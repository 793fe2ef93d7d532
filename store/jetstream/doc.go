// Package jetstream is a store on a NATS server with JetStream: a log with an
// index in memory. Writes are gathered into messages (group commit), Open reads
// the log once, and compaction rewrites what is live and removes what lies before
// it.
//
// What a crash of the server's system can take is the server's to say: its
// sync_interval decides (2 minutes unless set otherwise), or its replicas: give
// the stream GATEPOST_STORE_<node> three of them, and a server may die. The store
// leaves that setting alone.
//
// The server may be away for 10 s before anything fails. After a failure the store
// goes on trying, at most 5 s apart. A record that is damaged is missing, and
// Opened says so: a key may then have an older value, or be back.
//
// # Memory
//
// A key of 30 bytes takes about 125 bytes of index, a message of the log 16.
// What waits takes 32 MiB at most, what was read last 4 MiB. Values live on the
// server alone.
package jetstream
