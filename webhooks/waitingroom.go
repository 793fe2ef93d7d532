package webhooks

import "sync"

// waitingRoom is where the events of one endpoint wait that are in the outbox. They
// wait by their own clocks; the bell tells all of them that the endpoint has
// answered well, or that its breaker looks for events to probe with.
type waitingRoom struct {
	mu      sync.Mutex // guards the following
	bell    chan struct{}
	rung    uint64
	waiting int
}

func newWaitingRoom() *waitingRoom { return &waitingRoom{bell: make(chan struct{})} }

// ring tells all that wait.
func (r *waitingRoom) ring() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.rung++
	if r.waiting > 0 {
		close(r.bell)
		r.bell = make(chan struct{})
	}
}

// listen gives the channel that the next ring closes, and the number of rings
// before it.
func (r *waitingRoom) listen() (bell <-chan struct{}, rung uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.bell, r.rung
}

// enter and leave count who waits.
func (r *waitingRoom) enter() {
	r.mu.Lock()
	r.waiting++
	r.mu.Unlock()
}

func (r *waitingRoom) leave() {
	r.mu.Lock()
	r.waiting--
	r.mu.Unlock()
}

func (r *waitingRoom) load() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.waiting
}
