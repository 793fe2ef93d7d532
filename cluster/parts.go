package cluster

// parts is what the cluster is made of above members and calls.
type parts struct {
	directory *directory
}

// assemble makes the parts, before Join. disassemble ends what they have under way.
func (c *Cluster) assemble() {
	c.directory = newDirectory(c)
}

func (c *Cluster) disassemble() {
	c.directory.close()
}
