package cluster

import "cmp"

// having says what a node has of a lost one's clients.
type having int

const (
	hasNothing having = iota
	hasSome           // copies, but some may be missing
	hasAll            // all copies as of some moment, or a way to the journal itself
)

// standing is what a node says of itself when it is asked whose turn it is.
type standing struct {
	Over   ending `json:"over,omitempty"`
	Have   having `json:"have,omitempty"`
	Number uint64 `json:"number,omitempty"` // of the last batch that it has: more is better
	Given  bool   `json:"given,omitempty"`  // it has taken over all it had, and that wasn't all there was

	tag string
}

// turn is who is to take over a lost node's clients now.
type turn int

const (
	turnOthers turn = iota // another node is: wait
	turnMine
	turnOver // all has been taken over
	turnNone // nobody has anything
	turnHome // the lost node is back
)

// whoseTurn decides, on each node alike. First comes who has all, then who has most,
// then who comes next behind the lost node: others are in that order, and place is
// that of this node among them. One who has all is enough; where nobody has, each
// gives what it has, in turn.
func whoseTurn(mine standing, others []standing, place int) turn {
	best, bestPlace, given := standing{}, -1, mine.Given
	consider := func(s standing, place int) {
		if s.Have == hasNothing || s.Given {
			return
		}
		better := cmp.Or(cmp.Compare(s.Have, best.Have), cmp.Compare(s.Number, best.Number), cmp.Compare(bestPlace, place))
		if bestPlace < 0 || better > 0 {
			best, bestPlace = s, place
		}
	}
	for i, s := range others {
		switch s.Over {
		case taken:
			return turnOver
		case forgone:
			return turnHome
		}
		at := i
		if i >= place {
			at++
		}
		given = given || s.Given
		consider(s, at)
	}
	consider(mine, place)
	switch {
	case bestPlace == place:
		return turnMine
	case bestPlace >= 0:
		return turnOthers
	case given:
		return turnOver
	}
	return turnNone
}
