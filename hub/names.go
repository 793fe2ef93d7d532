package hub

// NameKind says what a name is the name of.
type NameKind uint8

// The kinds of names.
const (
	UIDs NameKind = iota + 1
	Groups
)

// tellOf is how the index of this kind tells of its names; nil: not at all.
func (o *Options) tellOf(kind NameKind) func(name string, present bool) {
	if o.Names == nil {
		return nil
	}
	return func(name string, present bool) { o.Names(kind, name, present) }
}
