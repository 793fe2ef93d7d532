package hub

import "sync"

// volleySize is how many writers a goroutine begins: so many that starting it costs
// little for each, so few that all processors have work.
const volleySize = 32

// volley is some writers that one goroutine begins, one after the other. None of
// them waits for its client there (writer.begin).
type volley struct {
	writers []*writer
	run     func() // v.shoot, bound once
}

var volleys sync.Pool // of *volley

// with adds w to the volley, or to a new one where there is none; one that is full
// is fired.
func (v *volley) with(w *writer) *volley {
	if v == nil {
		var ok bool
		if v, ok = volleys.Get().(*volley); !ok {
			v = &volley{writers: make([]*writer, 0, volleySize)}
			v.run = v.shoot
		}
	}
	if v.writers = append(v.writers, w); len(v.writers) < volleySize {
		return v
	}
	v.fire()
	return nil
}

// fire has a goroutine begin the writers.
func (v *volley) fire() {
	if v != nil {
		go v.run()
	}
}

func (v *volley) shoot() {
	for _, w := range v.writers {
		w.begin()
	}
	clear(v.writers)
	v.writers = v.writers[:0]
	volleys.Put(v)
}
