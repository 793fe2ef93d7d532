package cluster

// departure is how a member ceased to be one.
type departure int

const (
	left     departure = iota + 1 // in order, all handed over
	lost                          // declared lost, or forgotten: its clients are the survivors' to close
	replaced                      // by a new incarnation of the same node, which is heard next
)

// observer is told what happens to members, one event after another from one
// goroutine, without a lock held; it must not block.
type observer struct {
	onHeard  func(Node) // a member is heard for the first time, or again after silence
	onSilent func(Node)
	onGone   func(Node, departure)
}

// observe adds an observer, before Join.
func (c *Cluster) observe(o observer) {}

// hearing lists the members that can be heard, without this node, in the order
// of their tags beginning behind this node's: the ring.
func (c *Cluster) hearing() []Node { return nil }

// ring is the same for any tag: all hearing members, and this node too, behind it.
func (c *Cluster) ring(tag string) []Node { return nil }
