package auth

import (
	"slices"
	"strings"

	"gatepost/protocol"
)

// Verb is what a scope lets its holder do.
type Verb string

// The verbs of scopes.
const (
	VerbPush    Verb = "push"    // send messages
	VerbBind    Verb = "bind"    // bind a client to a uid, and unbind it
	VerbGroup   Verb = "group"   // join, leave and dissolve groups
	VerbSession Verb = "session" // change sessions
	VerbClose   Verb = "close"   // close clients, now or at a time
	VerbRead    Verb = "read"    // every query, and the metrics
	VerbAdmin   Verb = "admin"   // dead letters
)

// Kind is what a narrowed scope names.
type Kind string

// The kinds. KindAll is every client for a push or close; for the other verbs it
// stands for what can't be narrowed.
const (
	KindAll    Kind = "all"
	KindClient Kind = "client"
	KindUID    Kind = "uid"
	KindGroup  Kind = "group"
)

// narrowings are the kinds by which each verb can be narrowed.
var narrowings = map[Verb][]Kind{
	VerbPush:    {KindAll, KindClient, KindUID, KindGroup},
	VerbBind:    {KindClient, KindUID},
	VerbGroup:   {KindGroup},
	VerbSession: {KindClient},
	VerbClose:   {KindAll, KindClient, KindUID, KindGroup},
	VerbRead:    nil,
	VerbAdmin:   nil,
}

const everything = "*"

// Scopes are what the holder of an API token may do. The zero value allows
// nothing.
type Scopes struct {
	everything bool
	whole      map[Verb]bool
	narrowed   map[narrowing]*nameSet
}

type narrowing struct {
	verb Verb
	kind Kind
}

// ParseScopes reads a scope claim: words separated by spaces.
//
//	scopes  = [ word *( " " word ) ]
//	word    = "*"                                  ; everything, admin too
//	        | verb                                 ; the verb, on whatever it names
//	        | ("push" | "close") ":all"            ; only what goes to all clients
//	        | ("push" | "close") ":" kind ":" names
//	        | "bind:uid:" names | "bind:client:" names
//	        | "session:client:" names
//	        | "group:" names                       ; of groups
//	verb    = "push" | "bind" | "group" | "session" | "close" | "read" | "admin"
//	kind    = "client" | "uid" | "group"
//	names   = name | [ name ] "*"                  ; exactly, or all that begin so
//	name    = 1*( any character | "%" 2HEXDIG )
//
// In a name a space, "*", "%" and control characters are percent-encoded
// (EscapeScopeName does it); every other character may be. A raw "*" is a wildcard
// at the end and an error elsewhere. A client id is never encoded.
//
// "push:all" allows a push to all, not one to a client; "push" allows both. A
// bind is allowed by its uid or by its client, an unbind by its client, an until
// as a close of its client.
//
// A word that isn't one of these is an error: a 401 *protocol.Problem.
func ParseScopes(s string) (Scopes, error) {
	scopes := Scopes{whole: map[Verb]bool{}, narrowed: map[narrowing]*nameSet{}}
	for word := range strings.SplitSeq(s, " ") {
		if word == "" {
			continue
		}
		if err := scopes.add(word); err != nil {
			return Scopes{}, err
		}
	}
	return scopes, nil
}

func (s *Scopes) add(word string) error {
	if word == everything {
		s.everything = true
		return nil
	}
	head, rest, isNarrowed := strings.Cut(word, ":")
	verb := Verb(head)
	kinds, known := narrowings[verb]
	if !known {
		return badScope("has a word that is not a scope; they begin with push, bind, group, session, close, read, admin or are *")
	}
	if !isNarrowed {
		s.whole[verb] = true
		return nil
	}
	kind, names := KindGroup, rest
	if verb != VerbGroup {
		head, names, _ = strings.Cut(rest, ":")
		kind = Kind(head)
	}
	if len(kinds) == 0 {
		return badScope("narrows %s, which can't be narrowed", verb)
	}
	if !slices.Contains(kinds, kind) {
		return badScope("narrows %s by something else than %s", verb, either(kinds))
	}
	return s.narrow(verb, kind, names, rest)
}

// either lists kinds: "all, client, uid or group".
func either(kinds []Kind) string {
	list := string(kinds[0])
	for i, kind := range kinds[1:] {
		separator := ", "
		if i == len(kinds)-2 {
			separator = " or "
		}
		list += separator + string(kind)
	}
	return list
}

func (s *Scopes) narrow(verb Verb, kind Kind, names, rest string) error {
	key := narrowing{verb, kind}
	set := s.narrowed[key]
	if set == nil {
		set = &nameSet{exact: map[string]struct{}{}}
		s.narrowed[key] = set
	}
	if kind == KindAll {
		if rest != string(KindAll) {
			return badScope("has a name behind %s:all", verb)
		}
		return nil
	}
	return set.add(verb, kind, names)
}

// Allows reports whether the holder may do verb to the thing of this kind and
// name; the name is as it is, not encoded. For KindAll it is not looked at.
func (s Scopes) Allows(verb Verb, kind Kind, name string) bool {
	if s.everything || s.whole[verb] {
		return true
	}
	set := s.narrowed[narrowing{verb, kind}]
	return set != nil && (kind == KindAll || set.has(name))
}

// AllowsAny reports whether the holder may do verb to anything at all: a call
// that names nobody needs no more.
func (s Scopes) AllowsAny(verb Verb) bool {
	if s.everything || s.whole[verb] {
		return true
	}
	for _, kind := range narrowings[verb] {
		if s.narrowed[narrowing{verb, kind}] != nil {
			return true
		}
	}
	return false
}

func badScope(format string, args ...any) *protocol.Problem {
	return unauthorized("scope", format, args...)
}
