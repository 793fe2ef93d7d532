// Package socket makes system calls on sockets that don't block, as those of net
// don't, without telling Go's scheduler.
//
// net tells it of each read and write, lest one takes long; here none does. It is
// told for a price: on a node that is half idle, each first call after a pause wakes
// the runtime's monitor thread, which then looks around every 20 µs and goes to sleep
// again. Of a small push over HTTP that is a sixth.
//
// Whoever uses this holds a processor for as long as the kernel copies, a few
// microseconds for what goes into a socket's buffer. It is for small messages on
// connections of which there are many; what may be large, or takes the file system,
// belongs to net and os. And whoever begins long work behind such calls has to say so
// with Watch: a monitor that sleeps makes nobody make way.
package socket
