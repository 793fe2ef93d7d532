package harness

import (
	"sync"
	"testing"
)

// crowdAtOnce is how many of a crowd connect at once.
const crowdAtOnce = 32

// Crowd connects many clients, as dial says for each, and returns them in order.
// They have room for few unread messages.
func (n *Node) Crowd(t testing.TB, size int, dial func(i int) Dial) []*Client {
	t.Helper()
	clients := make([]*Client, size)
	errs := make(chan error, size)
	var connecting sync.WaitGroup
	next := make(chan int)
	for range crowdAtOnce {
		connecting.Go(func() {
			for i := range next {
				d := Dial{}
				if dial != nil {
					d = dial(i)
				}
				d.Room = 128
				var err error
				if clients[i], err = n.TryConnect(t, d); err != nil {
					errs <- err
				}
			}
		})
	}
	for i := range size {
		next <- i
	}
	close(next)
	connecting.Wait()
	close(errs)
	if failed := len(errs); failed > 0 {
		t.Fatalf("%d of %d clients couldn't connect: %v", failed, size, <-errs)
	}
	return clients
}
