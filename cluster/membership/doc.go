// Package membership decides who may act for which clients, by acknowledged writes to
// one bucket of an engine that others build: keys with revisions, written by
// compare-and-set, and a stream for each start of a node.
//
// It is a state machine without clock, network, disk or goroutine. Its driver gives it
// readings of the boot clock and answers (Tick, Answer, Saw), does what Ops asks for, and
// asks it before acting (MayAct, ActsFor). Nodes don't use it yet.
//
// It promises, whatever messages are lost, late or doubled, and whichever processes
// stop, stand still or go on: for the clients of an incarnation at most one incarnation
// may act at a time; who is claimed never acts again; who renews isn't claimed, and
// nobody is for an outage of the engine alone; a name has one current incarnation; what
// was claimed is told to its end by somebody, as long as anybody lives.
//
// The rules, and where they are:
//
//   - Each start of a node is an incarnation with a key of its own, without expiry, whose
//     state only goes forward (record.go). Nothing is decided by a read, a watch or an
//     expiry; each change is a write under the revision that was known. After an error
//     the key is read, and an own earlier try recognised by its nonce (member.go).
//   - The lease lasts from the sending of an acknowledged renewal, on a clock that runs on
//     while the process is stopped (lease.go, timing.go).
//   - Who has been silent for longer than a lease is claimed, by one of the next three on
//     a ring or by a newcomer of its name. Only time counts in which the observer's own
//     renewals were acknowledged without a gap. Who has left, or is claimed by one that is
//     over itself, may be claimed by anybody, in the order of a hash (claim.go, table.go).
//   - A claimant fences the stream, reads what is below the fence, tells it, deletes the
//     stream and marks the key done (takeover.go); the key is deleted later (purge.go).
//   - The writer of a stream has one batch in flight, with a token; it is over when it
//     meets a fence (log.go).
//   - A newcomer takes its name once the old incarnation is over; if that renews, the
//     newcomer ends (name.go).
//   - A bucket that was wiped or rolled back has revisions that go back, or another epoch.
//     First the claims are written again, then the own key: at once with a lease, else
//     when whoever claimed it would have said so (loss.go). Streams that have lost their
//     key are claimed (orphans.go).
//   - Who had no lease for a while finds out by an append to its own stream whether a
//     claim is lost that it can't know of (proof.go).
//
// The driver owes: an answer to each Op exactly once and within about a second; no write
// that is kept for a later connection; an append that carries its expected sequence; no
// delete in a stream by a number from before the stream was made anew; and that between
// asking and acting nothing waits. Requests that are on their way reach the backend
// within the difference of Silence and Lease, or not at all (TCP_USER_TIMEOUT).
package membership
