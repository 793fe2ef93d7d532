// Package hub holds the clients of this node: by id, by uid and by group, with
// their sessions, their send queues and their heartbeats.
//
// It owns what is written to a connection, from the first frame to the close
// frame, and promises:
//   - a message is encoded once and shared by all the clients it goes to;
//   - Send and Push never wait for a client. What waits for one client is bounded
//     in bytes; a client that falls behind is closed with 4008 and what it missed
//     is counted;
//   - frames leave in the order in which they were queued, and nothing follows a
//     close frame;
//   - a client that closes is in no index any more when Close returns; its uid,
//     groups and session stay as they were for whoever still holds it;
//   - an idle client has no goroutine, timer or buffer of this package.
//
// It knows WebSocket frames (RFC 6455, section 5) as far as a server writes them.
// Reading them, and the upgrade, are the business of whoever calls Open.
//
// # Locks
//
// A client has two: mu guards who it is (state, uid, groups, session), and its
// queue's lock guards what is to be written. Under mu one lock of an index shard
// or of a heartbeat slot may be taken, and one at a time. The queue's lock is a
// leaf, and so are those of shards and slots: nothing is locked under them, and no
// connection is written or closed. The one call out of the hub under a lock is
// Options.Names, under a client's mu and that of a shard.
package hub
