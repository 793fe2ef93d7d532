// Package gateway is the core: a client's life from connect to close, what its
// events are and in which order they are made, what a backend's replies and calls
// do, and what queries answer.
//
// It promises that each client's events are made and first delivered one at a
// time, in order, close last; that everything a reply asks for is done before
// that client's next event is made; that one client's waiting harms no other; and
// that what waits is bounded.
//
// It knows neither sockets nor HTTP: web hands it connections and calls, hub
// holds the clients, and a Deliverer takes the events to the backend.
//
// # Where to look
//
//   - a client's life: connect, events, lane, work, workers and tenure, carry (a reply), drain
//   - actions: do, membership, discard (a close's); on several nodes: across, share
//   - queries: query, lookup, letters, stats; of several nodes: query_across, merge, tally
//   - between nodes: route asks, serve and serve_question answer, wire and wire_action
//     are the bytes
//   - what outlives the process: journal, journal_message, recorder, catchup; flush writes what a
//     node leaves, recover reads it, resume and restore go on with it; remains and
//     unfinished are what is in between
//   - a client from one node to another: takeover (its node is lost), handover, adopt and
//     estates (its node ends), giveup and fence (this node was cut off)
//   - what the core needs of others: ports
package gateway
