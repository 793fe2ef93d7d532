package protocol

import "encoding/json"

// ClientInfo is a client as the API shows it.
type ClientInfo struct {
	ClientID    string          `json:"client_id"`
	UID         *string         `json:"uid"`
	Groups      []string        `json:"groups"`
	Session     json.RawMessage `json:"session"`
	Node        string          `json:"node"`
	ConnectedAt Time            `json:"connected_at"`
	RemoteAddr  string          `json:"remote_addr"`
}

// GroupCount is a group's size.
type GroupCount struct {
	Clients int `json:"clients"`
	UIDs    int `json:"uids"`
}

// Page asks for a part of a list: at most Limit entries behind the key Cursor,
// in the order of keys. Cursor is opaque to callers of the API, which hands it
// over decoded.
type Page struct {
	Limit  int
	Cursor string
}

// ClientFilter narrows a list of clients to those in any of the groups and, if
// both are given, of any of the uids.
type ClientFilter struct {
	Groups []string
	UIDs   []string
}

// Lookup asks for many names at once; each has its entry in the Found.
type Lookup struct {
	Clients []string
	UIDs    []string
	Groups  []string
}

// Found answers a Lookup. A client that isn't connected is null, a uid without
// clients an empty list, an empty group two zeros.
type Found struct {
	Clients map[string]*ClientInfo `json:"clients"`
	UIDs    map[string][]string    `json:"uids"`
	Groups  map[string]GroupCount  `json:"groups"`
}

// Stats is the whole cluster in numbers.
type Stats struct {
	Clients  int             `json:"clients"`
	UIDs     int             `json:"uids"`
	Groups   int             `json:"groups"`
	Nodes    []NodeStats     `json:"nodes"`
	Webhooks []EndpointStats `json:"webhooks"`
}

// NodeStats is one node.
type NodeStats struct {
	Node    string `json:"node"`
	Clients int    `json:"clients"`
	Version string `json:"version"`
	UptimeS int64  `json:"uptime_s"`
	// Silent says that the node didn't answer: its clients and uptime aren't known.
	Silent bool `json:"silent,omitempty"`
}

// EndpointStats is one webhook endpoint, its numbers added up over the nodes.
type EndpointStats struct {
	Name        string `json:"name"`
	URL         string `json:"url"`         // without credentials and query
	Concurrency int    `json:"concurrency"` // attempts allowed at once, now
	InFlight    int    `json:"in_flight"`
	Waiting     int    `json:"waiting"` // events that wait for an attempt
	Delivered   uint64 `json:"delivered"`
	Failed      uint64 `json:"failed"` // attempts
	Dead        int    `json:"dead"`   // letters kept
	Breaker     string `json:"breaker"`
}

// The states of EndpointStats.Breaker, from good to bad.
const (
	BreakerClosed   = "closed"    // attempts go as ever
	BreakerHalfOpen = "half-open" // a probe of a backend that is taken for away is under way
	BreakerOpen     = "open"      // it is only probed
)

// GroupList is a part of the list of groups. Cursor is the last key of a list
// that goes on, or empty at its end.
type GroupList struct {
	Groups map[string]GroupCount
	Cursor string
}

// UIDList is a part of the list of uids, each with the number of its clients.
type UIDList struct {
	UIDs   map[string]int
	Cursor string
}
