package membership

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// world is a simulated cluster: NATS, processes, a backend, and what goes wrong. All of
// it follows from the seed.
type world struct {
	r       *rand.Rand
	now     time.Duration
	queue   []due // a heap
	number  uint64
	telling bool
	story   []string
	failure string

	nats    *nats
	procs   []*process
	backend *backend
	plan    plan
	mutant  mutation
	quiet   bool // nothing new begins, and nothing goes wrong
}

type due struct {
	at     time.Duration
	number uint64
	do     func()
}

func (d due) before(o due) bool { return d.at < o.at || d.at == o.at && d.number < o.number }

func newWorld(seed uint64, mutant mutation, telling bool) *world {
	w := &world{r: rand.New(rand.NewPCG(seed, 7)), telling: telling, mutant: mutant}
	w.nats = &nats{w: w, entries: map[string][]applied{}, streams: map[string]*stream{}}
	w.backend = &backend{w: w, clients: map[string]*seen{}, holders: map[string]string{}, undone: map[string][]*process{}, lost: map[string]time.Duration{}, back: map[string]bool{}}
	return w
}

// after lets something happen later.
func (w *world) after(d time.Duration, do func()) {
	w.number++
	w.queue = append(w.queue, due{w.now + d, w.number, do})
	for i := len(w.queue) - 1; i > 0; {
		up := (i - 1) / 2
		if !w.queue[i].before(w.queue[up]) {
			break
		}
		w.queue[i], w.queue[up] = w.queue[up], w.queue[i]
		i = up
	}
}

func (w *world) next() due {
	top := w.queue[0]
	last := len(w.queue) - 1
	w.queue[0], w.queue[last] = w.queue[last], due{}
	w.queue = w.queue[:last]
	for i := 0; ; {
		least := i
		for c := 2*i + 1; c <= 2*i+2 && c < last; c++ {
			if w.queue[c].before(w.queue[least]) {
				least = c
			}
		}
		if least == i {
			return top
		}
		w.queue[i], w.queue[least] = w.queue[least], w.queue[i]
		i = least
	}
}

// run lets time pass until then, or something fails.
func (w *world) run(until time.Duration) {
	for len(w.queue) > 0 && w.queue[0].at <= until && w.failure == "" {
		d := w.next()
		w.now = d.at
		d.do()
	}
	w.now = max(w.now, until)
}

func (w *world) tell(format string, args ...any) {
	if w.telling {
		w.story = append(w.story, fmt.Sprintf("%9.3fs ", w.now.Seconds())+fmt.Sprintf(format, args...))
	}
}

func (w *world) fail(format string, args ...any) {
	if w.failure == "" {
		w.failure = fmt.Sprintf(format, args...)
		w.tell("FAILED: %s", w.failure)
	}
}

func (w *world) tale() string {
	return strings.Join(w.story[max(0, len(w.story)-600):], "\n")
}

// upTo is a random time below d.
func (w *world) upTo(d time.Duration) time.Duration { return time.Duration(w.r.Int64N(int64(d))) }

// chance is true once in n times.
func (w *world) chance(n int) bool { return w.r.IntN(n) == 0 }
