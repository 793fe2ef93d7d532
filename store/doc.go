// Package store keeps values under keys so that they survive the process. It
// is a log on JetStream with an index in memory: writes are gathered into
// messages (group commit), Open reads the log once, and compaction rewrites
// what is live and removes what lies before it. JetStream is only the log:
// embedded in this process, without a port, or an external server; the code is
// the same.
package store
