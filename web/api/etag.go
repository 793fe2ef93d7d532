package api

import (
	"errors"
	"slices"
	"strings"
)

// etags is what an If-Match or If-None-Match header lists (RFC 9110, section
// 13.1): any, or some entity tags.
type etags struct {
	any    bool
	strong []string
	weak   []string // without their W/
}

var errETags = errors.New(`must be * or entity tags such as "5f3a"`)

// parseETags reads the header's lines.
func parseETags(lines []string) (etags, error) {
	var list etags
	rest := strings.TrimSpace(strings.Join(lines, ","))
	if rest == "*" {
		list.any = true
		return list, nil
	}
	for rest != "" {
		tag, isWeak := strings.CutPrefix(rest, "W/")
		if !strings.HasPrefix(tag, `"`) {
			return etags{}, errETags
		}
		end := strings.IndexByte(tag[1:], '"')
		if end < 0 {
			return etags{}, errETags
		}
		tag, rest = tag[:end+2], strings.TrimLeft(tag[end+2:], " \t")
		if isWeak {
			list.weak = append(list.weak, tag)
		} else {
			list.strong = append(list.strong, tag)
		}
		if rest == "" {
			break
		}
		if rest[0] != ',' {
			return etags{}, errETags
		}
		rest = strings.TrimLeft(rest, ", \t")
	}
	return list, nil
}

// matchStrongly compares as If-Match does: a weak tag is never the same.
func (l etags) matchStrongly(etag string) bool { return l.any || slices.Contains(l.strong, etag) }

// matchWeakly compares as If-None-Match does.
func (l etags) matchWeakly(etag string) bool {
	return l.matchStrongly(etag) || slices.Contains(l.weak, etag)
}
