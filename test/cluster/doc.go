// Package cluster tests several nodes together, from outside: real processes on
// loopback, routed to each other or on an external NATS, that are killed, stopped and
// told to end.
package cluster
