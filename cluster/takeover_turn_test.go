package cluster

import (
	"fmt"
	"testing"
	"time"
)

func TestWhoseTurn(t *testing.T) {
	none := standing{}
	some := func(n uint64) standing { return standing{Have: hasSome, Number: n} }
	all := func(n uint64) standing { return standing{Have: hasAll, Number: n} }
	given := standing{Have: hasSome, Given: true}
	for _, c := range []struct {
		name   string
		mine   standing
		others []standing
		place  int
		want   turn
	}{
		{"alone with copies", all(1), nil, 0, turnMine},
		{"alone without", none, nil, 0, turnNone},
		{"alone, all given", given, nil, 0, turnOver},
		{"first of two equals", all(7), []standing{all(7), none}, 0, turnMine},
		{"second of two equals", all(7), []standing{all(7), none}, 1, turnOthers},
		{"third of three", all(7), []standing{none, all(7)}, 2, turnOthers},
		{"behind one that has nothing", all(7), []standing{none, all(7)}, 1, turnMine},
		{"the newer copies win over the place", all(8), []standing{all(7)}, 1, turnMine},
		{"the newer copies are another's", all(7), []standing{all(8)}, 0, turnOthers},
		{"all win over some that are newer", all(1), []standing{some(9)}, 1, turnMine},
		{"some, and nobody has more", some(2), []standing{some(1), none}, 2, turnMine},
		{"some, after another gave what it had", some(1), []standing{given}, 1, turnMine},
		{"given, and another has some", given, []standing{some(1)}, 0, turnOthers},
		{"given, and nobody has more", given, []standing{given, none}, 0, turnOver},
		{"nothing, and another has", none, []standing{none, some(1)}, 0, turnOthers},
		{"nobody has anything", none, []standing{none, none}, 1, turnNone},
		{"somebody has taken all", all(9), []standing{none, {Over: taken}}, 0, turnOver},
		{"the node is back", all(9), []standing{none, {Over: forgone}}, 0, turnHome},
		{"others gave up looking", all(9), []standing{{Over: vacant}, {Over: vacant}}, 2, turnMine},
	} {
		if got := whoseTurn(c.mine, c.others, c.place); got != c.want {
			t.Errorf("%s: got %d, want %d", c.name, got, c.want)
		}
	}
}

// Whatever nodes have, exactly one of them takes its turn, as they all see it alike.
func TestOneTurnAtATime(t *testing.T) {
	kinds := []standing{{}, {Have: hasSome, Number: 1}, {Have: hasSome, Number: 2}, {Have: hasAll, Number: 1}, {Have: hasAll, Number: 2}, {Have: hasSome, Given: true}}
	n := len(kinds)
	for i := range n * n * n {
		nodes := []standing{kinds[i%n], kinds[i/n%n], kinds[i/n/n]}
		turns := map[turn]int{}
		for place := range nodes {
			others := append(append([]standing(nil), nodes[:place]...), nodes[place+1:]...)
			turns[whoseTurn(nodes[place], others, place)]++
		}
		if turns[turnMine] != 1 && turns[turnNone] != 3 && turns[turnOver] != 3 {
			t.Errorf("%+v: %v", nodes, turns)
		}
	}
}

// What the State knows of takeovers is found again, and forgotten in time.
func TestLists(t *testing.T) {
	state := newMemory()
	l := lists{state}
	a := Node{Name: "a", Tag: "aaaaaaaa", Version: "v1", Incarnation: "1111111111111111"}
	b := Node{Name: "b", Tag: "bbbbbbbb", Incarnation: "2222222222222222"}
	for _, n := range []Node{a, b} {
		if err := l.expect(t.Context(), n); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := l.pending(); err != nil || fmt.Sprint(got) != fmt.Sprint([]Node{a, b}) {
		t.Errorf("pending %v, %v", got, err)
	}
	for i, taker := range []string{"cccccccc", "dddddddd"} {
		if err := l.add(a, &list{Taker: taker, Number: i, Clients: []string{fmt.Sprint("client", i), "both"}}).Wait(patient(t)); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := l.others(a, "cccccccc"); err != nil || len(got) != 2 || !got["client1"] || !got["both"] {
		t.Errorf("others' clients %v, %v", got, err)
	}
	if err := l.end(t.Context(), a, taken); err != nil {
		t.Fatal(err)
	}
	if how, err := l.over(a); how != taken || err != nil {
		t.Errorf("over %q, %v", how, err)
	}
	if how, err := l.over(b); how != notOver || err != nil {
		t.Errorf("over %q, %v", how, err)
	}
	if got, err := l.pending(); err != nil || len(got) != 1 || got[0].Tag != b.Tag {
		t.Errorf("pending %v, %v", got, err)
	}
	if err := l.prune(time.Now()); err != nil || len(state.values) != 4 {
		t.Errorf("%d keys are left, %v; nothing is old", len(state.values), err)
	}
	if err := l.told(a); err != nil || len(state.values) != 2 {
		t.Errorf("%d keys are left, %v; want that it is over, and b's", len(state.values), err)
	}
	if err := l.prune(time.Now().Add(keepLists + time.Hour)); err != nil || len(state.values) != 1 {
		t.Errorf("%d keys are left, %v; want b's", len(state.values), err)
	}
}

func FuzzQuestions(f *testing.F) {
	f.Add((&question{Tag: "aaaaaaaa", Lives: []string{"1111111111111111"}, Name: "a", Back: true}).encode())
	f.Add([]byte(`{"taker":"aaaaaaaa","number":1,"clients":["a"]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if q, err := parseQuestion(b); err == nil && (len(q.Tag) != tagChars || len(q.Lives) == 0) {
			t.Errorf("%q is read as %+v", b, q)
		}
		if l, err := parseList(b); err == nil && (l.Number < 0 || len(l.Taker) != tagChars) {
			t.Errorf("%q is read as %+v", b, l)
		}
		_, _ = parseEntries(b)
	})
}
