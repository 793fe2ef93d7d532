// Package cluster tests several nodes together, from outside: real processes that are
// routed to each other or on an external NATS, and that are killed, stopped, cut off from
// each other and told to end, under traffic. All is on loopback, but for partitions: these
// are made in network namespaces, by root.
package cluster
