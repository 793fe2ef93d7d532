package protocol_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"gatepost/protocol"
)

func apply(t *testing.T, current string, mode protocol.SessionMode, change string) string {
	t.Helper()
	parsed, err := protocol.ParseSession("session", json.RawMessage(change))
	if err != nil {
		t.Fatalf("%s: %v", change, err)
	}
	got, err := protocol.ApplySession(json.RawMessage(current), mode, parsed)
	if err != nil {
		t.Fatalf("%s of %s: %v", mode, change, err)
	}
	return string(got)
}

// The vectors of RFC 7396, appendix A, whose target and patch are objects.
func TestMergeIsRFC7396(t *testing.T) {
	for _, tt := range [][3]string{
		{`{"a":"b"}`, `{"a":"c"}`, `{"a":"c"}`},
		{`{"a":"b"}`, `{"b":"c"}`, `{"a":"b","b":"c"}`},
		{`{"a":"b"}`, `{"a":null}`, `{}`},
		{`{"a":"b","b":"c"}`, `{"a":null}`, `{"b":"c"}`},
		{`{"a":["b"]}`, `{"a":"c"}`, `{"a":"c"}`},
		{`{"a":"c"}`, `{"a":["b"]}`, `{"a":["b"]}`},
		{`{"a":{"b":"c"}}`, `{"a":{"b":"d","c":null}}`, `{"a":{"b":"d"}}`},
		{`{"a":[{"b":"c"}]}`, `{"a":[1]}`, `{"a":[1]}`},
		{`{"e":null}`, `{"a":1}`, `{"e":null,"a":1}`},
		{`{}`, `{"a":{"bb":{"ccc":null}}}`, `{"a":{"bb":{}}}`},
		// And its section 2: an object patches what isn't one as if it were empty.
		{`{"a":"foo"}`, `{"a":{"b":1,"c":null}}`, `{"a":{"b":1}}`},
		{`{"a":1}`, `{}`, `{"a":1}`},
		{`{"a":1}`, `[]`, `{"a":1}`},
		{`{"a":[1,null]}`, `{"b":[null]}`, `{"a":[1,null],"b":[null]}`},
		{`{"a":1,"A":2}`, `{"A":null}`, `{"a":1}`},
	} {
		if got := apply(t, tt[0], protocol.SessionMerge, tt[1]); got != tt[2] {
			t.Errorf("merge of %s into %s: got %s, want %s", tt[1], tt[0], got, tt[2])
		}
	}
	for _, patch := range []string{`null`, `"bar"`, `["c"]`, `1`, `true`, ``} {
		if _, err := protocol.ParseSession("session", json.RawMessage(patch)); err == nil {
			t.Errorf("%s is taken for a session", patch)
		}
	}
}

// What each gives is what PHP 8.2 gives for json_encode(array_replace_recursive(
// json_decode($a, true), json_decode($b, true))), but for an object that is empty or
// that has only indexes for names: it stays one.
func TestUpdateIsArrayReplaceRecursive(t *testing.T) {
	for _, tt := range [][3]string{
		{`{"a":1}`, `{"a":null}`, `{"a":null}`},
		{`{"a":{"b":1,"c":2}}`, `{"a":{"b":null}}`, `{"a":{"b":null,"c":2}}`},
		{`{"a":1}`, `{"a":{"b":{"c":null}}}`, `{"a":{"b":{"c":null}}}`},
		{`{"a":1}`, `{"b":2}`, `{"a":1,"b":2}`},
		{`{"z":1,"y":{"x":1,"w":2}}`, `{"b":2,"y":{"a":0,"w":3},"a":1}`, `{"z":1,"y":{"x":1,"w":3,"a":0},"b":2,"a":1}`},
		// Lists go by index.
		{`{"a":["x","y","z"]}`, `{"a":["Q"]}`, `{"a":["Q","y","z"]}`},
		{`{"a":["x"]}`, `{"a":["Q","R"]}`, `{"a":["Q","R"]}`},
		{`{"a":[{"b":1,"c":2},3]}`, `{"a":[{"c":4}]}`, `{"a":[{"b":1,"c":4},3]}`},
		{`{"a":["x"]}`, `{"a":{"1":"y"}}`, `{"a":["x","y"]}`},
		{`{"a":["x"]}`, `{"a":{"5":"y"}}`, `{"a":{"0":"x","5":"y"}}`},
		{`{"a":["x"]}`, `{"a":{"2":"z","1":"y"}}`, `{"a":{"0":"x","2":"z","1":"y"}}`},
		{`{"a":["x"]}`, `{"a":{"b":"y"}}`, `{"a":{"0":"x","b":"y"}}`},
		{`{"a":{"b":"y"}}`, `{"a":["x"]}`, `{"a":{"b":"y","0":"x"}}`},
		// One that is empty takes nothing away, and what it is given is as it comes.
		{`{"a":{"b":1}}`, `{"a":[]}`, `{"a":{"b":1}}`},
		{`{"a":["x"]}`, `{"a":{}}`, `{"a":["x"]}`},
		{`{"a":1}`, `{"a":[]}`, `{"a":[]}`},
		{`{"a":[]}`, `{"a":{"b":1}}`, `{"a":{"b":1}}`},
		{`{"a":{}}`, `{"a":["x"]}`, `{"a":["x"]}`},
		{`{"a":{"0":"x"}}`, `{"a":["y"]}`, `{"a":{"0":"y"}}`},
	} {
		if got := apply(t, tt[0], protocol.SessionUpdate, tt[1]); got != tt[2] {
			t.Errorf("update of %s by %s: got %s, want %s", tt[0], tt[1], got, tt[2])
		}
	}
}

func TestSetReplacesTheWhole(t *testing.T) {
	for change, want := range map[string]string{
		`{"z":1, "a":null}`: `{"z":1,"a":null}`,
		`{}`:                `{}`,
		`[]`:                `{}`,
		" [ \n ] ":          `{}`,
	} {
		if got := apply(t, `{"a":1}`, protocol.SessionSet, change); got != want {
			t.Errorf("set of %s: got %s, want %s", change, got, want)
		}
	}
}

// A number goes through no float, and text through no HTML escaping.
func TestSessionsKeepDigitsAndText(t *testing.T) {
	const numbers = `"n":[12345678901234567890,1.0,1.50,1e400,-0,0.1e-7]`
	for _, mode := range []protocol.SessionMode{protocol.SessionSet, protocol.SessionMerge, protocol.SessionUpdate} {
		if got := apply(t, `{}`, mode, `{`+numbers+`}`); got != `{`+numbers+`}` {
			t.Errorf("%s: got %s", mode, got)
		}
	}
	if got, want := apply(t, `{`+numbers+`,"t":"<&>é\u2028"}`, protocol.SessionMerge, `{"u":"<b>"}`), `{`+numbers+`,"t":"<&>é\u2028","u":"<b>"}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestApplySessionBoundsTheResultNotThePatch(t *testing.T) {
	fill := func(bytes int) string { return `{"a":"` + strings.Repeat("x", bytes-len(`{"a":""}`)) + `"}` }
	full := fill(protocol.MaxSessionBytes)
	if got := apply(t, `{}`, protocol.SessionSet, full); got != full {
		t.Error("a session of the largest size isn't kept")
	}
	// A patch may replace a full session by another.
	if got := apply(t, full, protocol.SessionMerge, strings.Replace(full, "x", "y", 1)); len(got) != protocol.MaxSessionBytes {
		t.Errorf("got %d bytes", len(got))
	}
	for name, tt := range map[string]struct {
		current string
		mode    protocol.SessionMode
		change  string
	}{
		"set of one byte more": {`{}`, protocol.SessionSet, fill(protocol.MaxSessionBytes + 1)},
		"merge into a full":    {full, protocol.SessionMerge, `{"b":1}`},
		"update of a full":     {full, protocol.SessionUpdate, `{"b":null}`},
		"merge of many nulls":  {`{}`, protocol.SessionMerge, `{` + strings.Repeat(`"a":null,`, 10_000) + `"a":null}`},
		"merge of a huge":      {`{}`, protocol.SessionMerge, `{"a":null,"b":"` + strings.Repeat("x", 5<<20) + `"}`},
	} {
		_, err := protocol.ApplySession(json.RawMessage(tt.current), tt.mode, json.RawMessage(tt.change))
		if p := problemOf(t, err); p.Status != 413 || p.Code != protocol.CodeTooLarge {
			t.Errorf("%s: got %d %s, want 413 too_large", name, p.Status, p.Code)
		}
	}
}

func FuzzApplySession(f *testing.F) {
	f.Add([]byte(`{"a":{"b":1}}`), []byte(`{"a":{"b":null}}`))
	f.Add([]byte(`{}`), []byte(`[]`))
	f.Add([]byte(`{"n":1.0}`), []byte(`{"n":1e400,"\u0000":"<"}`))
	f.Fuzz(func(t *testing.T, current, change []byte) {
		if protocol.CheckJSON(current) != nil || protocol.CheckJSON(change) != nil {
			return
		}
		session, err := protocol.ParseSession("session", current)
		if err != nil {
			return
		}
		patch, err := protocol.ParseSession("session", change)
		if err != nil {
			return
		}
		for _, mode := range []protocol.SessionMode{protocol.SessionSet, protocol.SessionMerge, protocol.SessionUpdate} {
			got, err := protocol.ApplySession(session, mode, patch)
			if err != nil {
				problemOf(t, err)
				continue
			}
			if len(got) > protocol.MaxSessionBytes {
				t.Fatalf("%d bytes", len(got))
			}
			if err := protocol.CheckJSON(got); err != nil {
				t.Fatalf("%s of %s by %s: %s: %v", mode, session, patch, got, err)
			}
			if _, err := protocol.ParseSession("session", got); err != nil {
				t.Fatalf("%s of %s by %s: %s: %v", mode, session, patch, got, err)
			}
			// Doing it again changes nothing.
			again, err := protocol.ApplySession(got, mode, patch)
			if err != nil || !sameJSON(t, got, again) {
				t.Fatalf("%s of %s by %s: first %s, then %s, %v", mode, session, patch, got, again, err)
			}
		}
	})
}

func sameJSON(t *testing.T, a, b []byte) bool {
	t.Helper()
	decode := func(raw []byte) (v any) {
		dec := json.NewDecoder(strings.NewReader(string(raw)))
		dec.UseNumber()
		if err := dec.Decode(&v); err != nil {
			t.Fatal(err)
		}
		return v
	}
	return reflect.DeepEqual(decode(a), decode(b))
}
