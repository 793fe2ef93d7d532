// Package demo is a chat to try the gateway on: a backend that receives the
// gateway's signed webhooks over HTTP as any other backend does, and a page that
// shows the chat and, beside it, what goes over the wire.
//
// It owns the chat's rows (one for each client that has joined), the last
// exchanges with the gateway, and the streams that show them. It promises that
// nothing which wasn't signed is acted on or shown, that cookies are masked,
// that memory is bounded and that a reader too slow for the stream is let go.
//
// A room is a group and a name is a uid; the backend never holds a connection
// and never calls the gateway: all it wants done stands in its replies.
package demo
