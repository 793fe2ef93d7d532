package cluster

import (
	"context"
	"errors"
	"time"
)

// parts is what the cluster is made of above members and calls.
type parts struct {
	directory *directory
	copies    *copies // nil where clients' records outlive their node anyway
	wards     *wards
	takeovers *takeovers
}

// lifeKey says that this State has been a node's before.
const lifeKey = "n/life"

// assemble makes the parts, before Join, and may fail where the State can't be read.
// disassemble ends what they have under way, once nothing comes in any more.
func (c *Cluster) assemble() (err error) {
	c.directory = newDirectory(c)
	c.takeovers = newTakeovers(c)
	if c.wards, err = newWards(c, c.takeovers.begin); err != nil {
		return err
	}
	c.handle(kindAdopt, false, c.takeEntries)
	if len(c.o.URLs) > 0 {
		return nil
	}
	fresh := byte(1)
	if err := c.o.State.Scan(lifeKey, func(string, []byte) error { fresh = 0; return nil }); err != nil {
		return err
	}
	c.copies = newCopies(c, fresh)
	return c.o.State.Put(lifeKey, []byte("1")).Wait(context.Background())
}

func (c *Cluster) disassemble() {
	if c.copies != nil {
		c.copies.close()
	}
	if c.wards != nil {
		c.takeovers.close()
		c.wards.close()
		c.directory.close()
	}
}

// enter begins what needs the host and the members: at the end of Join. It waits a
// while for the other nodes' names, so that the first call sees them.
func (c *Cluster) enter(ctx context.Context) error {
	if err := c.takeovers.resume(); err != nil {
		return err
	}
	meeting, cancel := context.WithTimeout(ctx, c.o.timing.meeting)
	defer cancel()
	_ = c.directory.meet(meeting) // whoever is late is late
	return ctx.Err()
}

// transferTimeout is how long a node may take to keep one part of what it is sent.
const transferTimeout = 5 * time.Second

var errTransfer = errors.New("cluster: an answer of other than one byte")

// transfer sends one part of something large and waits for its answer, one byte.
func (c *Cluster) transfer(ctx context.Context, tag string, k kind, payload []byte) (answer byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, transferTimeout)
	defer cancel()
	parts, err := c.request(ctx, tag, k, payload)
	if err != nil {
		return 0, err
	}
	if len(parts) != 1 || len(parts[0]) != 1 {
		return 0, errTransfer
	}
	return parts[0][0], nil
}
