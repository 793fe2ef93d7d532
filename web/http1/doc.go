// Package http1 serves an http.Handler over HTTP/1.1 (RFC 9112).
//
// It owns what lies between two requests of a connection: who waits how long, when a
// connection may carry another request, and how an answer is framed. What strangers
// send is taken apart by net/http's own parser, http.ReadRequest, so that a request
// is what it would be there. net/http's server watches each connection for a hang-up
// while its handler runs, and sets five deadlines for each request; here a connection
// is watched once somebody waits for the request's context, and deadlines are set where
// something has to be waited for (docs/adr/0013-http-server.md).
//
// It promises:
//   - A peer that is slow, silent or endless is cut off within the time-outs, and a
//     header is never larger than the limit.
//   - Of what a handler has left of a body at most 256 KiB are read before the answer. A
//     connection on which it isn't certain where the next request begins carries no
//     other: it is read for half a second, lest a reset overtakes the answer, and closed.
//   - Once its handler has returned, or hijacked the connection, a request's body reads
//     nothing: not the next request's bytes, nor another connection's.
//   - An answer of up to 4 KiB has a Content-Length and leaves in one write. One that is
//     longer or flushed goes out in chunks, unless its handler has said its length.
//   - A hijacked connection is the hijacker's alone: nothing here keeps it, or any
//     memory for it.
//   - A handler's panic costs its connection, and is logged.
//   - There are no more connections than its limits allow: where one is too many, the
//     longest idle goes.
//   - Shutdown cuts no request short, and leaves connections that are kept half a second
//     to carry one that was under way already.
//
// It knows no TLS, no HTTP/2, no trailers and no informational answers but 100: a
// proxy is what gives a gateway these.
//
// A connection's way: server.go accepts it, limits.go makes room for it, conn.go waits for
// its requests, request.go reads one, fields.go sees what the parser doesn't tell of its
// header, body.go reads what follows it. exchange.go has the handler answer;
// what that writes is collected by answer.go and framed by framing.go. watch.go is the
// request's context, deadlines.go what ends reading and writing.
package http1
