package protocol

import "strings"

// Nearest is the one of known that was probably meant by name, or empty: at most two
// letters differ, since more is another word. Case, and the signs that join words, don't
// count.
func Nearest(name string, known []string) string {
	best, distance := "", 3
	for _, k := range known {
		if diff := len(name) - len(k); diff > 8 || diff < -8 {
			continue // no typing error, and the name may be of any length
		}
		if d := editDistance(letters(name), letters(k)); d < distance {
			best, distance = k, d
		}
	}
	return best
}

// letters drops what two spellings of a name most often differ in.
func letters(name string) string {
	return strings.NewReplacer("_", "", "-", "", ".", "").Replace(strings.ToLower(name))
}

// editDistance is how many letters of a must be put in, left out or replaced to
// make b, where two neighbours that are swapped count as one.
func editDistance(a, b string) int {
	before, last := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		row := make([]int, len(b)+1)
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(last[j+1]+1, row[j]+1, last[j]+cost)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}
