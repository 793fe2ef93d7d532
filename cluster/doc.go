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
// Nodes speak over NATS: a server in each process, routed to the others, or an
// external one.
package cluster
