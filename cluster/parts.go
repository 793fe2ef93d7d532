package cluster

import (
	"context"
	"time"
)

// parts is what the cluster is made of above members and calls.
type parts struct {
	directory *directory
}

// assemble makes the parts, before Join. disassemble ends what they have under way,
// once nothing comes in any more.
func (c *Cluster) assemble() {
	c.directory = newDirectory(c)
}

func (c *Cluster) disassemble() {
	c.directory.close()
}

// transferTimeout is how long a node may take to keep one part of what it is sent.
const transferTimeout = 5 * time.Second

// ask sends one part of something large and waits for its answer.
func (c *Cluster) ask(ctx context.Context, tag string, k kind, payload []byte) ([][]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, transferTimeout)
	defer cancel()
	return c.request(ctx, tag, k, payload)
}
