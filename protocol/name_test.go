package protocol_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"gatepost/protocol"
)

// problemOf is err as the problem that it must be.
func problemOf(t *testing.T, err error) *protocol.Problem {
	t.Helper()
	var p *protocol.Problem
	if !errors.As(err, &p) {
		t.Fatalf("got error %v (%T), want a *protocol.Problem", err, err)
	}
	return p
}

// wantProblem checks status, code and field of a problem.
func wantProblem(t *testing.T, err error, status int, code, field string) {
	t.Helper()
	p := problemOf(t, err)
	if p.Status != status || p.Code != code || p.Field != field {
		t.Errorf("got problem %d %s in %q (%s), want %d %s in %q", p.Status, p.Code, p.Field, p.Detail, status, code, field)
	}
}

func TestCheckNameAllowsEveryCharacterButControls(t *testing.T) {
	for _, name := range []string{
		"42", "a", "x *", "a.b.>", "*", ">", "%2F", "a/b", "..", " ", "Zoë", "\u2028", "👩‍👩‍👧", "\uFFFD",
		"a:b", `"`, `\`, "<script>", strings.Repeat("x", 256), strings.Repeat("é", 128),
	} {
		if err := protocol.CheckName("uid", name); err != nil {
			t.Errorf("%q is refused: %v", name, err)
		}
	}
	for _, name := range []string{
		"", strings.Repeat("x", 257), strings.Repeat("é", 129), "\x00", "a\nb", "a\tb", "\x7f", "\u0085", "\xff", "a\xc3", "\xed\xa0\x80",
	} {
		wantProblem(t, protocol.CheckName("uid", name), 400, protocol.CodeBadName, "uid")
	}
}

func TestParseName(t *testing.T) {
	for raw, want := range map[string]string{
		`"42"`:           "42",
		`42`:             "42",
		`-7`:             "-7",
		`0`:              "0",
		`"\u00e9"`:       "é",
		`"\ud83d\ude00"`: "😀",
		`"\\ud800"`:      `\ud800`,
		`"\ufffd"`:       "\uFFFD",
		`"a\/b"`:         "a/b",
		// More digits than any integer type has.
		`123456789012345678901234567890`: "123456789012345678901234567890",
	} {
		got, err := protocol.ParseName("uid", json.RawMessage(raw))
		if err != nil || got != want {
			t.Errorf("ParseName(%s) = %q, %v; want %q", raw, got, err, want)
		}
	}
	for raw, code := range map[string]string{
		`null`:                               protocol.CodeBadField,
		`true`:                               protocol.CodeBadField,
		`1.5`:                                protocol.CodeBadField,
		`1e3`:                                protocol.CodeBadField,
		`[]`:                                 protocol.CodeBadField,
		`{}`:                                 protocol.CodeBadField,
		`"\ud800"`:                           protocol.CodeBadField,
		`"\udc00"`:                           protocol.CodeBadField,
		`"\ud800\ud800\udc00"`:               protocol.CodeBadField,
		`"\\ufffd\ud800"`:                    protocol.CodeBadField,
		`"\ud800\ue000"`:                     protocol.CodeBadField,
		`"\ud800\\udc00"`:                    protocol.CodeBadField,
		`""`:                                 protocol.CodeBadName,
		`"\u0000"`:                           protocol.CodeBadName,
		`"` + strings.Repeat("x", 257) + `"`: protocol.CodeBadName,
		strings.Repeat("1", 257):             protocol.CodeBadName,
	} {
		_, err := protocol.ParseName("uid", json.RawMessage(raw))
		wantProblem(t, err, 400, code, "uid")
	}
}

func FuzzParseName(f *testing.F) {
	for _, seed := range []string{`"a"`, `42`, `-1`, `"\ud800"`, `"\\ufffd\ud800"`, `""`, `null`, "\"\xff\"", `"x *"`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		if protocol.CheckJSON(raw) != nil {
			return
		}
		name, err := protocol.ParseName("uid", raw)
		if err != nil {
			problemOf(t, err)
			return
		}
		if err := protocol.CheckName("uid", name); err != nil {
			t.Fatalf("%q parsed as %q: %v", raw, name, err)
		}
		again, err := json.Marshal(name)
		if err != nil {
			t.Fatal(err)
		}
		if back, err := protocol.ParseName("uid", again); err != nil || back != name {
			t.Fatalf("%q came back as %q, %v", name, back, err)
		}
	})
}
