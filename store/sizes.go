package store

import "strings"

// Sizes counts keys and bytes by first segment.
type Sizes map[string]*size

type size struct {
	keys  int
	bytes int64
}

// Add counts keys more, and bytes more, where key is.
func (s Sizes) Add(key string, keys int, bytes int64) {
	segment := Segment(key)
	of := s[segment]
	if of == nil {
		of = &size{}
		s[strings.Clone(segment)] = of
	}
	of.keys += keys
	of.bytes += bytes
}

// Of is the size of a segment; "": of all.
func (s Sizes) Of(segment string) (keys int, bytes int64) {
	if segment != "" {
		if of := s[segment]; of != nil {
			return of.keys, of.bytes
		}
		return 0, 0
	}
	for _, of := range s {
		keys += of.keys
		bytes += of.bytes
	}
	return keys, bytes
}
