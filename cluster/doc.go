// Package cluster makes many nodes one: it knows which nodes there are and which
// of them can be heard, carries calls between them, says when this node may act
// on the outside, and agrees with the others on which node is lost.
//
// It promises: calls of one node are begun by another in the order in which they
// were made; a node that can't be heard is an answer that doesn't come at once,
// and no call takes longer than its deadline; with three or more members nothing
// is declared lost, and no fence is open, without a majority of the last known
// members, across restarts too; a node that is declared lost has a shut fence
// before anybody acts on it.
//
// Above that it knows which node has which uids and groups (the directory), keeps
// copies of clients' records on two other nodes, where these don't outlive a node
// anyway, and sees to it that the clients of a lost node are closed by one of the
// others. It promises: what Settle returned for is known to all who can be heard, but
// those that it names; a record whose Commit was waited for is on two other nodes, or
// on as many as there are; the clients of a lost node are taken over by one node, by
// several only where that one is lost itself or some of the copies are; whose clients
// were taken over is written down before, so that the lost node, if it comes back,
// gives them up before it does anything outside.
//
// Nodes speak over NATS: a server in each process, routed to the others, or an
// external one.
//
// Where what is, from below:
//
//   - NATS: bus.go; the embedded server is engine.go, enginelog.go, keys.go and tls.go
//     (who may have a route), peers.go (whom to dial).
//   - Messages: wire.go is their form, send.go and receive.go their ways, calls.go
//     and reply.go questions and answers.
//   - Membership: roster.go is a state machine without clock, network or lock, which
//     simulation_test.go runs by itself. beat.go is what nodes tell each other,
//     admit.go who gets in, quorum.go leases and majorities, tombstone.go those who
//     are gone, rejoin.go a node that is told that it is lost, namesake.go two
//     processes of one name, forget.go what an operator declares, record.go what is
//     kept.
//   - A node's life: cluster.go opens and closes, name.go makes sure that the name is
//     free, join.go, heartbeat.go, keep.go and leave.go run the roster, observe.go
//     tells the parts above what happened, fence.go says whether to act outside.
//   - The directory: directory_table.go and directory_slots.go hold the names,
//     directory_log.go and directory_followers.go decide who is sent what,
//     directory_outbound.go and directory_inbound.go send and take it.
//   - Copies: on the side of the node whose clients they are copies.go, copies_log.go
//     and copies_bring.go; on that of the node that holds them copies_wards.go,
//     copies_ward.go and copies_frozen.go; copies_record.go is their form.
//   - Taking over: takeover.go is the work on one lost node, takeover_turn.go whose
//     turn it is, takeover_talk.go what nodes ask each other for that,
//     takeover_give.go the taking, takeover_lists.go what is written down,
//     takeover_back.go a lost node that is back. handover.go is what a node gives
//     away in order. parts.go puts directory, copies and takeovers together.
//
// Words that elsewhere have others: a beat is a heartbeat, an incarnation one start
// of a node, the fence a lease on acting outside, the ring all who can be heard in the
// order of their tags, a follower a replica of this node's names, a ward a node whose
// copies are here.
package cluster
