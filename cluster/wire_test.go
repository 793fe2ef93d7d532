package cluster

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"gatepost/protocol"
)

func FuzzFrame(f *testing.F) {
	tag, inc := protocol.NodeTag("a"), newIncarnation("")
	f.Add(appendFrame(nil, &frame{kind: kindCall, from: tag, fromInc: inc, toInc: inc, number: 1, contents: []byte("x")}))
	f.Add(appendFrame(nil, &frame{kind: 200, flags: flagMore | flagRest, from: tag, fromInc: inc, toInc: anyInc}))
	f.Add([]byte{wireVersion, 1, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := parseFrame(b)
		if err != nil {
			return
		}
		if again := appendFrame(nil, &got); !bytes.Equal(again, b) {
			t.Fatalf("%x became %x", b, again)
		}
		c := &Cluster{inbounds: make(map[nodeStart]*inbound), metrics: newMetrics(&Cluster{o: Options{Registerer: prometheus.NewRegistry()}})}
		c.assembleFrames(&got)
		got.number++
		if whole, ok := c.assembleFrames(&got); ok && len(whole) > 2*len(b) {
			t.Fatalf("%d bytes of %d", len(whole), len(b))
		}
	})
}

func FuzzAnswer(f *testing.F) {
	f.Add([]byte("1"), answerFrame(flagPart|flagMore, []byte("x")), answerFrame(flagLast, nil))
	f.Add([]byte("1"), answerFrame(flagRefused, nil), answerFrame(flagPart|flagLast, nil))
	f.Fuzz(func(t *testing.T, id, first, second []byte) {
		p := &pending{}
		x := p.add("tag")
		size := 0
		for _, b := range [][]byte{first, second} {
			if flags, contents, err := parseAnswer(b); err == nil {
				p.take(string(id), flags, contents)
				p.take(x.id, flags, contents)
				size += 2 * len(contents)
			}
		}
		p.drop(x)
		<-x.done
		for _, part := range x.parts {
			size -= len(part)
		}
		if size < 0 {
			t.Fatal("more came out than went in")
		}
	})
}

// Whatever a beat says, a roster stays one that can go on.
func FuzzBeat(f *testing.F) {
	w := newWorld(nil, 1, 3)
	now := w.now
	one := newRoster(quick, "a", protocol.NodeTag("a"), "v", now)
	one.become(newIncarnation(""))
	f.Add(one.makeBeat(now).encode())
	full := &beat{Name: "b", Inc: newIncarnation(""), Seq: 3, Min: 1, Max: 1, Open: true, Prev: []string{anyInc}, Left: []string{anyInc},
		Members: []beatNode{{Name: "a", Inc: anyInc, Seq: 1}, {Name: "b", Inc: anyInc}}, Others: []beatNode{{Name: "c", Inc: anyInc}},
		Silent: []silence{{nodeStart: nodeStart{protocol.NodeTag("c"), anyInc}, Own: []string{protocol.NodeTag("a")}}},
		Gone: []departed{{nodeStart: nodeStart{protocol.NodeTag("c"), anyInc}, Name: "c", Lost: true, Electors: []string{protocol.NodeTag("a")}, Final: true},
			{nodeStart: nodeStart{protocol.NodeTag("a"), anyInc}, Name: "a", Lost: true, Final: true}}}
	f.Add(full.encode())
	f.Add([]byte("\x01{}"))
	f.Add([]byte("\x01null"))
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := parseBeat(data)
		if err != nil {
			return
		}
		r := newRoster(quick, "a", protocol.NodeTag("a"), "v", now)
		r.become(anyInc)
		r.state = serving
		later := now
		for range 4 {
			r.keep(r.record(), r.changes)
			later.boot += quick.lease
			mine := r.makeBeat(later)
			if text := mine.encode(); len(text) < maxBeat {
				if _, err := parseBeat(text); err != nil {
					t.Fatalf("its own beat: %v\n%s", err, text)
				}
			}
			_ = r.hear(b, later)
			r.tick(later)
			text, err := json.Marshal(r.record())
			if err != nil {
				t.Fatal(err)
			}
			rec := &record{}
			if err := json.Unmarshal(text, rec); err != nil {
				t.Fatal(err)
			}
			newRoster(quick, "a", protocol.NodeTag("a"), "v", now).load(rec)
		}
	})
}

// A later release's beat has more fields: these are passed over.
func TestUnknownFieldsInABeat(t *testing.T) {
	b := &beat{Name: "a", Inc: newIncarnation(""), Min: 1, Max: 1}
	text := strings.Replace(string(b.encode()), `"name"`, `"later":{"x":[1]},"name"`, 1)
	if got, err := parseBeat([]byte(text)); err != nil || got.Name != "a" {
		t.Errorf("%v %v", got, err)
	}
}

func TestIncarnationsSort(t *testing.T) {
	last := ""
	for range 1000 {
		next := newIncarnation(last)
		if next <= last || !isInc(next) {
			t.Fatalf("%q behind %q", next, last)
		}
		last = next
	}
	future := "v" + last[1:]
	if next := newIncarnation(future[:9] + "0000000"); next <= future[:9]+"0000000" {
		t.Errorf("%q behind %q", next, future)
	}
}
