// Package cluster tests several nodes together, from outside: real processes that are
// routed to each other or on an external NATS, and that are killed, stopped, cut off from
// each other and told to end, under traffic. All is on loopback, but for partitions: these
// are made in network namespaces, by root.
//
// bothWays runs a test in a cluster of each kind. Clients are in clients_test.go, calls
// that go on while something happens in traffic_test.go, what must be so of all events
// in events_test.go, and twins_test.go compares a cluster with a node that is alone.
package cluster
