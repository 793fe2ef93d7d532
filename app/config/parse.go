package config

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// errEmpty is the fault of a list that was given and names nothing.
var errEmpty = errors.New("names nothing")

// scalar is the text of a single value, as a file may write it.
func scalar(v any) (string, error) {
	switch v := v.(type) {
	case string:
		return v, nil
	case bool, int, int64, uint64, float64:
		return fmt.Sprint(v), nil
	case []any, map[string]any, misplacedMap:
		return "", errors.New("must be a single value")
	default:
		return "", fmt.Errorf("must be text; put quotes around it (YAML reads it as %T)", v)
	}
}

// elements are the texts of a list: a sequence of the file, or one text with sep
// or line breaks between them.
func elements(v any, sep string) ([]string, error) {
	var found []string
	if sequence, ok := v.([]any); ok {
		for _, element := range sequence {
			s, err := scalar(element)
			if err != nil {
				return nil, fmt.Errorf("each element %w", err)
			}
			found = append(found, strings.TrimSpace(s))
		}
	} else {
		s, err := scalar(v)
		if err != nil {
			return nil, errors.New("must be a list")
		}
		for s := range strings.FieldsFuncSeq(s, func(r rune) bool { return strings.ContainsRune(sep+"\r\n", r) }) {
			if s = strings.TrimSpace(s); s != "" {
				found = append(found, s)
			}
		}
	}
	if len(found) == 0 {
		return nil, errEmpty
	}
	return found, nil
}

func parseBool(s string) (bool, error) {
	switch s {
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	return false, fmt.Errorf("%q is neither true nor false", s)
}

// whole parses an integer from low to high.
func whole(low, high int) func(string) (int, error) {
	return func(s string) (int, error) {
		n, err := strconv.Atoi(s)
		if err != nil {
			return 0, fmt.Errorf("%q is not a whole number", s)
		}
		if n < low || n > high {
			return 0, fmt.Errorf("%d is not from %d to %d", n, low, high)
		}
		return n, nil
	}
}

// span parses a duration from low to high.
func span(low, high time.Duration) func(string) (time.Duration, error) {
	return func(s string) (time.Duration, error) {
		d, err := time.ParseDuration(s)
		if err != nil {
			return 0, fmt.Errorf("%q is not a duration such as 250ms, 10s or 1h30m", s)
		}
		if d < low || d > high {
			return 0, fmt.Errorf("%s is not from %s to %s", s, low, high)
		}
		return d, nil
	}
}

// units are the suffixes of sizes; the longer ones first where one ends in another.
var units = []struct {
	suffix string
	bytes  int64
}{
	{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40},
	{"kB", 1e3}, {"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12}, {"B", 1},
}

// parseSize reads a whole number of bytes with or without a unit. 1KiB is 1,024
// bytes, 1kB is 1,000.
func parseSize(s string) (int64, error) {
	number, factor := s, int64(1)
	for _, u := range units {
		if n, ok := strings.CutSuffix(s, u.suffix); ok {
			number, factor = strings.TrimSpace(n), u.bytes
			break
		}
	}
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("%q is not a size such as 65536, 64KiB or 1MB", s)
	}
	if n > math.MaxInt64/factor {
		return 0, fmt.Errorf("%q is too large", s)
	}
	return n * factor, nil
}

// size parses a size from low to high bytes; high fits a T.
func size[T int | int64](low, high int64) func(string) (T, error) {
	return func(s string) (T, error) {
		n, err := parseSize(s)
		if err != nil {
			return 0, err
		}
		if n < low || n > high {
			return 0, fmt.Errorf("%s is not from %s to %s", s, sizeText(low), sizeText(high))
		}
		return T(n), nil
	}
}

// sizeText writes a number of bytes with the largest unit that divides it.
func sizeText(n int64) string {
	for i := 3; i >= 0; i-- {
		if u := units[i]; n >= u.bytes && n%u.bytes == 0 {
			return strconv.FormatInt(n/u.bytes, 10) + u.suffix
		}
	}
	return strconv.FormatInt(n, 10)
}

// oneOf parses one of the given words.
func oneOf[T ~string](words ...T) func(string) (T, error) {
	return func(s string) (T, error) {
		texts := make([]string, len(words))
		for i, word := range words {
			if string(word) == s {
				return word, nil
			}
			texts[i] = string(word)
		}
		return "", fmt.Errorf("%q is none of %s", s, strings.Join(texts, ", "))
	}
}
