package ws

import "strings"

// stars stand where a token stood.
const stars = "***"

// deepest is how often a token may be percent-encoded, one encoding within the
// other. What is encoded more often is hidden whole where a token could be in it.
const deepest = 8

// mask puts stars wherever one of the tokens stands in s: as it is, or
// percent-encoded, in whole or in part, once or several times over.
func mask(s string, tokens []string) string {
	for _, token := range tokens {
		if !strings.Contains(stars, token) { // no token is a star, nor empty
			s = maskOne(s, token)
		}
	}
	return s
}

func maskOne(s, token string) string {
	if len(s) < len(token) {
		return s // an encoding makes nothing shorter
	}
	s = strings.ReplaceAll(s, token, stars)
	decoded := spelling{text: s}
	for range deepest {
		if !decoded.decode() {
			return s
		}
		if strings.Contains(decoded.text, token) {
			return maskOne(decoded.without(s, token), token)
		}
	}
	if decoded.decode() {
		return stars
	}
	return s
}

// spelling is a text with some of its percent-encoding undone.
type spelling struct {
	text string
	// at says where each byte of text, and its end, stood before; nil: where it
	// stands now.
	at []int
}

// decode undoes one encoding, and says whether there was one.
func (s *spelling) decode() bool {
	if strings.IndexByte(s.text, '%') < 0 {
		return false
	}
	text, at := make([]byte, 0, len(s.text)), make([]int, 0, len(s.text)+1)
	for i := 0; i < len(s.text); i++ {
		at = append(at, s.before(i))
		if b, ok := escaped(s.text[i:]); ok {
			text = append(text, b)
			i += 2
			continue
		}
		text = append(text, s.text[i])
	}
	if len(text) == len(s.text) {
		return false
	}
	at = append(at, s.before(len(s.text)))
	s.text, s.at = string(text), at
	return true
}

func (s *spelling) before(i int) int {
	if s.at == nil {
		return i
	}
	return s.at[i]
}

// without is the text as it was before, with stars where the token is found now.
func (s *spelling) without(before, token string) string {
	var b strings.Builder
	for begin := 0; ; {
		i := strings.Index(s.text[begin:], token)
		if i < 0 {
			b.WriteString(before[s.before(begin):])
			return b.String()
		}
		b.WriteString(before[s.before(begin):s.before(begin+i)])
		b.WriteString(stars)
		begin += i + len(token)
	}
}
