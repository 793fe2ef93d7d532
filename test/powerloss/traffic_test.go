package powerloss

import (
	"errors"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"gatepost/test/harness"
)

// busy is how many clients come and go at once.
const busy = 10

// traffic has clients come, talk and leave until the function that it returns is
// called. Some are refused, some send what the backend turns down, some stay. Large
// messages make the store's log go on in another file, and remove what is over, soon.
func traffic(t *testing.T, m *Machine) (stop func()) {
	over := make(chan struct{})
	var crowd sync.WaitGroup
	for range busy {
		crowd.Go(func() {
			for {
				select {
				case <-over:
					return
				default:
				}
				path := "/ws"
				if rand.N(8) == 0 {
					path = "/ws?refuse-me=1"
				}
				c, err := m.TryConnect(t, harness.Dial{Path: path, Room: 128})
				if refused := (*harness.Refused)(nil); errors.As(err, &refused) {
					continue
				}
				if err != nil {
					return // the power is gone
				}
				for range rand.N(4) {
					switch rand.N(6) {
					case 0:
						_ = c.TrySend("bad")
					case 1, 2:
						_ = c.TrySend(strings.Repeat("large ", rand.N(10_000)))
					default:
						_ = c.TrySend("fine")
					}
				}
				switch rand.N(3) {
				case 0:
					c.Cut()
				case 1:
					_ = c.Conn.Close()
				default: // stays
				}
				time.Sleep(rand.N(100 * time.Millisecond))
			}
		})
	}
	return func() { close(over); crowd.Wait() }
}
