package membership

// Kind is what an Op does.
type Kind int

// The operations. Those on the bucket: Write, Purge, Read, List. On streams: the rest.
const (
	Write        Kind = iota // Record to Key, if its revision is Expected; 0: if there is none
	Purge                    // Key, if its revision is Expected
	Read                     // Key, from any replica; a purged key is an entry of that state
	List                     // every key, from a replica that has come to revision AtLeast
	Fence                    // append a fence to Stream, if its last sequence is Expected
	ReadStream               // all messages of Stream below Expected, from a replica that has the fence there
	DeleteStream             // Stream
	ListStreams              // the incarnations that have one
)

// Op is something that the driver is to do and to answer exactly once, in bounded time.
type Op struct {
	ID       uint64
	Kind     Kind
	Key      string
	Record   Record
	Expected uint64
	AtLeast  uint64
	Stream   string // the incarnation whose stream it is
}

// Result is what became of an Op.
type Result int

// The results. Only OK decides anything.
const (
	Unknown  Result = iota // any error but these: it may have happened, and may still happen
	OK                     // acknowledged
	Conflict               // the expected revision or sequence was another
	Missing                // no such key, or the API says that there is no such stream (no responders is Unknown)
)

// Answer is the result of an Op.
type Answer struct {
	Result   Result
	Revision uint64   // of OK: the new one. Of Conflict: the last one there, where Known
	Known    bool     // the server told the last one
	Entries  []Entry  // of Read and List
	Streams  []string // of ListStreams
}
