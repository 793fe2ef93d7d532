// Package api is the HTTP API that a backend calls: it pushes, binds, groups,
// closes and asks.
//
// It owns the reading of calls (tokens, scopes, paths, query parameters, bodies)
// and the form of their answers and problems. It promises that nothing is done
// for a call whose token doesn't allow all of it, that names come through a path
// exactly as they were meant, that what it doesn't know is refused by name and
// never passed over, and that no internal error's text leaves the process.
//
// What a call does is the Gateway's business. The calls are described in
// openapi.yaml, which the package serves.
package api
