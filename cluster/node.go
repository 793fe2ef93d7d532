package cluster

// Node is one member of the cluster, as it was when asked.
type Node struct {
	Name    string
	Tag     string // protocol.NodeTag of the name
	Version string // the program's
	Hearing bool   // false: silent, nothing came from it for a while
	// Incarnation is new at each start of a node, and after it was declared lost.
	Incarnation string
}

func (n Node) start() nodeStart { return nodeStart{n.Tag, n.Incarnation} }
