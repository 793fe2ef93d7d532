package cluster

// change is a name that came to this node, or went.
type change struct {
	digest digest
	op     byte // the kind; with gone set, it went
}

const gone = 0x80

// changeLimit is how many changes are kept for the peers that lack them. Whoever
// lacks more is sent everything anew.
const changeLimit = 1 << 18

// changeLog numbers the changes of this node's names, from 1 on, and keeps the last
// ones: those that some peer may still lack.
type changeLog struct {
	last uint64   // number of the last change
	kept []change // up to last
}

func (l *changeLog) append(c change, wanted bool) {
	l.last++
	switch {
	case !wanted:
		l.kept = nil
		return
	case len(l.kept) >= changeLimit:
		l.kept = l.kept[changeLimit/4:]
	}
	l.kept = append(l.kept, c)
}

// behind gives at most n changes behind this number; false if they aren't all kept.
func (l *changeLog) behind(number uint64, n int) ([]change, bool) {
	missing := l.last - number
	if number > l.last || missing > uint64(len(l.kept)) {
		return nil, false
	}
	from := len(l.kept) - int(missing)
	return l.kept[from:min(from+n, len(l.kept))], true
}

// trim forgets the changes up to this number.
func (l *changeLog) trim(number uint64) {
	if left := l.last - min(number, l.last); left < uint64(len(l.kept)) {
		l.kept = l.kept[len(l.kept)-int(left):]
	}
	if len(l.kept) == 0 {
		l.kept = nil
	}
}
