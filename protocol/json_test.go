package protocol_test

import (
	"strings"
	"testing"
	"time"

	"gatepost/protocol"
)

func nested(depth int, open, within, end string) string {
	return strings.Repeat(open, depth) + within + strings.Repeat(end, depth)
}

func TestCheckJSON(t *testing.T) {
	for name, raw := range map[string]string{
		"object":                   `{"a":[1,"x",null,true]}`,
		"white space around":       " \r\n\t{} \n",
		"scalar":                   `1`,
		"as deep as allowed":       nested(512, "[", "", "]"),
		"brackets within a string": `"` + strings.Repeat("[", 5000) + `"`,
		"an escaped quote":         `"\"` + strings.Repeat("[", 5000) + `"`,
		"siblings":                 "[" + strings.Repeat("[],", 5000) + "1]",
		"half a surrogate pair":    `{"reply":"\ud800"}`, // fails the field alone
	} {
		if err := protocol.CheckJSON([]byte(raw)); err != nil {
			t.Errorf("%s: refused: %v", name, err)
		}
	}
	for name, raw := range map[string]string{
		"nothing":            "",
		"white space":        " \n",
		"cut off":            `{"a":`,
		"trailing garbage":   `{} x`,
		"two values":         `{}{}`,
		"trailing bracket":   `{}}`,
		"trailing comma":     `{"a":1,}`,
		"not UTF-8":          "{\"a\":\"\xff\"}",
		"UTF-8 surrogate":    "\"\xed\xa0\x80\"",
		"byte order mark":    "\ufeff{}",
		"one deeper":         nested(513, "[", "", "]"),
		"20,000 deep":        nested(20_000, "[", "", "]"),
		"20,000 deep object": nested(20_000, `{"a":`, "1", "}"),
		"deep and cut off":   strings.Repeat("[", 20_000),
		"single quotes":      `{'a':1}`,
		"NaN":                `NaN`,
		"leading zero":       `01`,
		"raw line break":     "\"a\nb\"",
		"HTML":               "<br />\n<b>Fatal error</b>",
		"NUL behind":         "{}\x00",
	} {
		err := protocol.CheckJSON([]byte(raw))
		if p := problemOf(t, err); p.Status != 400 || p.Code != protocol.CodeBadJSON {
			t.Errorf("%s: got %d %s, want 400 bad_json", name, p.Status, p.Code)
		}
	}
}

// fill repeats unit until there are size bytes of it.
func fill(size int, head, unit, tail string) []byte {
	return []byte(head + strings.Repeat(unit, size/len(unit)) + tail)
}

// Time must grow with the input, not with its square.
func TestLargeInputIsJudgedInLinearTime(t *testing.T) {
	const size = 512 << 10
	for name, body := range map[string][]byte{
		"names":       fill(size, `{"clients":["a"`, `,"a"`, `],"text":""}`),
		"fields":      fill(size, `{"text":""`, `,"a":1`, `}`),
		"text":        fill(size, `{"all":true,"text":"`, `<&é\n`, `"}`),
		"escapes":     fill(size, `{"all":true,"text":"`, `\ud83d\ude00`, `"}`),
		"backslashes": fill(size, `{"all":true,"text":"`, `\\`, `"}`),
		"white space": fill(size, `{"all":true,`, ` `, `"text":""}`),
		"brackets":    fill(size, ``, `[`, ``),
		"json":        fill(size, `{"all":true,"json":[0`, `,{"a":[]}`, `]}`),
	} {
		began := time.Now()
		_, _ = protocol.ParseActionBody(body, protocol.Defaults{Verb: protocol.VerbSend})
		_, _ = protocol.ParseReply(protocol.Inbound, "c1", body)
		_, _ = protocol.ParseSessionBody("c1", protocol.SessionMerge, body)
		// Each takes some milliseconds; a step for each pair of bytes would take
		// many minutes.
		if took := time.Since(began); took > time.Minute {
			t.Errorf("%s: took %v", name, took)
		}
	}
}

// What is far over a limit is refused before it is taken apart: its elements
// would cost many times the memory that it took to send them.
func TestFiveMegabytesOfElementsCostNoMemory(t *testing.T) {
	const size = 5 << 20
	for name, body := range map[string][]byte{
		"names":  fill(size, `{"uids":[1`, `,1`, `],"text":""}`),
		"fields": fill(size, `{"text":""`, `,"a":1`, `}`),
	} {
		if n := testing.AllocsPerRun(1, func() {
			_, _ = protocol.ParseActionBody(body, protocol.Defaults{Verb: protocol.VerbSend})
		}); n > 1000 {
			t.Errorf("%s: %.0f allocations", name, n)
		}
	}
}

func TestCheckEmbedded(t *testing.T) {
	for _, raw := range []string{
		`{}`,
		nested(protocol.MaxEmbeddedDepth, `{"a":`, "1", "}"),
		`{"a":"\ud83d\ude00\\ud800"}`,
	} {
		if err := protocol.CheckEmbedded("session", []byte(raw)); err != nil {
			t.Errorf("%.40s: refused: %v", raw, err)
		}
	}
	for _, raw := range []string{
		nested(protocol.MaxEmbeddedDepth+1, `{"a":`, "1", "}"),
		`{"a":"\ud800"}`,
		`{"\udc00":1}`,
		`["\ud83d\ude00\ude00"]`,
	} {
		wantProblem(t, protocol.CheckEmbedded("session", []byte(raw)), 400, protocol.CodeBadField, "session")
	}
}
