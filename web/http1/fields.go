package http1

import "bytes"

// The fields that http.ReadRequest takes out of a header, or out of sight: whether they
// were sent decides whether a request is one, and whether another may follow.
const (
	hostField   = "host"
	lengthField = "content-length"
	codingField = "transfer-encoding"
)

// fields looks for these in a header as it comes.
type fields struct {
	host, length, coding bool // they were sent

	name [len(codingField)]byte // of the line's field, as far as it has come
	have int
	skip bool // the rest of the line is of no interest
	over bool // the header has ended, or nobody asks
}

// begin looks at another request. Its first line isn't a field.
func (f *fields) begin() { *f = fields{skip: true} }

// follow looks at the next bytes of the connection. What is behind the header isn't
// looked at.
func (f *fields) follow(p []byte) {
	for len(p) > 0 && !f.over {
		if f.skip {
			end := bytes.IndexByte(p, '\n')
			if end < 0 {
				return
			}
			p = p[end+1:]
			f.skip, f.have = false, 0
			continue
		}
		f.take(p[0])
		p = p[1:]
	}
}

// take takes up one byte of a field's name.
func (f *fields) take(b byte) {
	switch {
	case b == '\n': // a line without a colon is the header's end, or not a field
		f.over = f.have == 0 || f.have == 1 && f.name[0] == '\r'
		f.have = 0
	case b == ':':
		switch string(f.name[:f.have]) {
		case hostField:
			f.host = true
		case lengthField:
			f.length = true
		case codingField:
			f.coding = true
		}
		f.skip = true
	case f.have == len(f.name):
		f.skip = true
	default:
		if 'A' <= b && b <= 'Z' {
			b += 'a' - 'A'
		}
		f.name[f.have] = b
		f.have++
		f.skip = f.have == 1 && b != hostField[0] && b != lengthField[0] && b != codingField[0] && b != '\r'
	}
}
