package http1

import (
	"io"
	"net/http"
)

// maxUnread is how much of a body that a handler has left is read, so that the
// connection can carry the next request.
const maxUnread = 256 << 10

// body is a request's body as the handler reads it.
type body struct {
	x      *exchange
	inner  io.Reader
	asked  bool // the peer has been told to go on, or didn't wait for that
	whole  bool // it was read to its end
	broken bool // reading failed: where it ends isn't known
	closed bool
}

// Read reads the body, and has the peer send it first if that waits for a word.
func (b *body) Read(p []byte) (int, error) {
	if b.closed {
		return 0, http.ErrBodyReadAfterClose
	}
	if !b.asked {
		b.asked = true
		if err := b.x.goOn(); err != nil {
			return 0, err
		}
	}
	return b.read(p)
}

func (b *body) read(p []byte) (int, error) {
	if b.whole {
		return 0, io.EOF
	}
	n, err := b.inner.Read(p)
	switch {
	case err == io.EOF:
		b.whole = true
		b.x.context.mayWatch()
	case err != nil:
		b.broken = true
	}
	return n, err
}

// Close ends reading.
func (b *body) Close() error {
	b.closed = true
	return nil
}

// settle reads what the handler has left, if that isn't too much, and says whether
// the next request can follow.
func (b *body) settle() bool {
	if b.whole {
		return true
	}
	if b.broken || !b.asked {
		return false
	}
	_, err := io.CopyN(io.Discard, reading(b.read), maxUnread+1)
	return err == io.EOF
}

// reading is a function as a reader.
type reading func(p []byte) (int, error)

func (r reading) Read(p []byte) (int, error) { return r(p) }
