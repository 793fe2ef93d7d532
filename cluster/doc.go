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
package cluster
