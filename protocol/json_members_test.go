package protocol

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"testing"
)

// taken is what members makes of raw.
func taken(raw []byte) (o object, ok bool) {
	o = object{}
	return o, members(raw, func(name []byte, value json.RawMessage) bool {
		o[string(name)] = value
		return true
	})
}

// What members makes of valid JSON is what encoding/json makes of it.
func FuzzMembers(f *testing.F) {
	for _, seed := range []string{`{}`, ` { } `, `{"a":1}`, `{"reply":"pong"}`, "\t{\"a\" : [1,{\"b\":\"}\"}] ,\n\"a\":null, \"\\u0061b\\\"\":-1.5e3 }\r",
		`{"a":{"b":[[],{},"\\"]},"é":true,"\ud800":false,"c":""}`, `[]`, `"a"`, `{"a":"\\\"}"}`, `{"":{"":""}}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		got, ok := taken(raw)
		if CheckJSON(raw) != nil {
			return // no panic is all that can be asked
		}
		want := map[string]json.RawMessage{}
		if isObject(raw) != ok {
			t.Fatalf("%q: taken apart: %v", raw, ok)
		}
		if !ok {
			return
		}
		if err := json.Unmarshal(raw, &want); err != nil {
			t.Fatal(err)
		}
		if !maps.EqualFunc(got, want, func(a, b json.RawMessage) bool { return bytes.Equal(a, b) }) {
			t.Errorf("%q: got %q, want %q", raw, got, want)
		}
		for _, value := range got {
			if !plain(value) {
				continue
			}
			var text string
			if err := json.Unmarshal(value, &text); err != nil || text != string(value[1:len(value)-1]) {
				t.Errorf("%q isn't plain: %q, %v", value, text, err)
			}
		}
	})
}

func TestOfTwoMembersOfANameTheLaterCounts(t *testing.T) {
	o, ok := taken([]byte(`{"a":1,"a":2,"b":{"c":[1,2,3],"d":0}}`))
	if names := slices.Sorted(maps.Keys(o)); !ok || !slices.Equal(names, []string{"a", "b"}) || string(o["a"]) != "2" {
		t.Errorf("got %q, %v", o, ok)
	}
}

func TestWhatIsBrokenIsNotTakenApart(t *testing.T) {
	for _, raw := range []string{``, ` `, `{`, `{"a`, `{"a"`, `{"a":`, `{"a":}`, `{"a":1`, `{"a":1,`, `{"a":1,}`, `{1:2}`, `{"a" 1}`, `{"a":1 "b":2}`,
		`{"a":"x}`, `{"a":[1}`, `{"a":1}x`, `{"\x":1}`, `{:1}`, `{"a":,"b":1}`, `{"a"1:2}`} {
		if o, ok := taken([]byte(raw)); ok {
			t.Errorf("%s was taken apart: %q", raw, o)
		}
	}
}
