package ws

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// respelt spells some bytes of s percent-encoded, up to depth times over.
func respelt(s string, depth int, some *rand.Rand) string {
	var b strings.Builder
	for i := range len(s) {
		if depth == 0 || some.IntN(3) > 0 {
			b.WriteByte(s[i])
			continue
		}
		hex := []string{"%%%02x", "%%%02X"}[some.IntN(2)]
		b.WriteString(respelt(fmt.Sprintf(hex, s[i]), some.IntN(depth), some))
	}
	return b.String()
}

// everywhere encodes each byte.
func everywhere(s string) string {
	var b strings.Builder
	for i := range len(s) {
		fmt.Fprintf(&b, "%%%02x", s[i])
	}
	return b.String()
}

func TestMask(t *testing.T) {
	const token = "eyJh.eyJz.c2ln"
	for _, tt := range []struct{ sent, want string }{
		{"", ""},
		{"eyJh.eyJz", "eyJh.eyJz"},
		{token, "***"},
		{"/ws?token=" + token + "&a=%20b", "/ws?token=***&a=%20b"},
		{token + token + "," + token, "******,***"},
		{"%65yJh.eyJz.c2ln", "***"},
		{"a%2Fb%3D" + everywhere(token) + "%26c", "a%2Fb%3D***%26c"},
		{everywhere(everywhere(token)), "***"},
		{"x" + strings.ReplaceAll(everywhere(token), "%", "%25") + "%41", "x***%41"},
		{"%2565yJh.eyJz%252ec2ln", "***"},
		{"%4" + token, "%4***"},
		{"%" + token + "%", "%***%"},
		{token + "+%65yJh.eyJz.c2ln+%2565yJh.eyJz.c2ln", "***+***+***"},
		{"%zz%6", "%zz%6"},
		{"100%25 sure, and more of it", "100%25 sure, and more of it"},
		{"%" + strings.Repeat("25", deepest) + "65yJh.eyJz.c2ln", "***"},
		{"before %" + strings.Repeat("25", 40) + "65yJh.eyJz.c2ln", "***"},
	} {
		if got := mask(tt.sent, []string{token}); got != tt.want {
			t.Errorf("mask(%q) = %q, want %q", tt.sent, got, tt.want)
		}
	}
	if got := mask("a b c", []string{"a", "", "*", "c"}); got != "*** b ***" {
		t.Errorf("several tokens: %q", got)
	}
}

// Whoever undoes the encoding, as often as he likes, finds no token in what is left,
// and what has none is as it was.
func FuzzMask(f *testing.F) {
	f.Add("/ws?next=", "&a=%20b", 2, uint64(1))
	f.Add("%4", "%", 0, uint64(2))
	f.Add("%25%2525", "%e", 8, uint64(3))
	f.Add("eyJ", "c2ln", 20, uint64(4))
	f.Fuzz(func(t *testing.T, before, after string, depth int, seed uint64) {
		const token = "eyJh.eyJz.c2ln"
		some := rand.New(rand.NewPCG(seed, 0))
		sent := before + respelt(token, min(max(depth, 0), 20), some) + after
		left := mask(sent, []string{token})
		if !strings.Contains(before, "%") && !strings.Contains(left, stars) { // else that may be a part of another byte
			t.Fatalf("%q became %q", sent, left)
		}
		for s := (spelling{text: left}); ; {
			if strings.Contains(s.text, token) {
				t.Fatalf("%q became %q, in which there is the token: %q", sent, left, s.text)
			}
			if !s.decode() {
				break
			}
		}
		if other := "eyJh.eyJz.other-signature"; !strings.Contains(sent, other) {
			if got := mask(sent, []string{other}); got != sent && got != stars {
				t.Fatalf("%q has another token and became %q", sent, got)
			}
		}
	})
}
