package auth

import (
	"gatepost/protocol"
)

// Require gives nil where the scopes allow this, else a 403 that names the scope
// that would.
func (s Scopes) Require(verb Verb, kind Kind, name string) error {
	if s.Allows(verb, kind, name) {
		return nil
	}
	return forbidden(scopeFor(verb, kind, name))
}

// Authorize gives nil where the scopes allow all that an action does, else a 403
// that names the first scope that is missing. An action that names nobody needs
// any scope of its verb.
func (s Scopes) Authorize(a *protocol.Action) error {
	switch a.Verb {
	case protocol.VerbSend:
		return s.authorizeTarget(VerbPush, a.Target)
	case protocol.VerbClose:
		if err := s.authorizeTarget(VerbClose, a.Target); err != nil || a.Message == nil {
			return err
		}
		return s.authorizeTarget(VerbPush, a.Target)
	case protocol.VerbBind:
		if s.Allows(VerbBind, KindClient, a.ClientID) {
			return nil
		}
		return s.Require(VerbBind, KindUID, a.UID)
	case protocol.VerbUnbind:
		return s.Require(VerbBind, KindClient, a.ClientID)
	case protocol.VerbJoin, protocol.VerbLeave:
		return s.requireEach(VerbGroup, KindGroup, a.Memberships)
	case protocol.VerbDissolve:
		return s.Require(VerbGroup, KindGroup, a.Group)
	case protocol.VerbSession:
		return s.Require(VerbSession, KindClient, a.ClientID)
	case protocol.VerbUntil:
		return s.Require(VerbClose, KindClient, a.ClientID)
	default:
		return forbidden(everything)
	}
}

func (s Scopes) authorizeTarget(verb Verb, t protocol.Target) error {
	if t.All {
		if err := s.Require(verb, KindAll, ""); err != nil {
			return err
		}
	}
	for _, named := range []struct {
		kind  Kind
		names []string
	}{{KindClient, t.Clients}, {KindUID, t.UIDs}, {KindGroup, t.Groups}} {
		for _, name := range named.names {
			if err := s.Require(verb, named.kind, name); err != nil {
				return err
			}
		}
	}
	return s.requireAny(verb)
}

func (s Scopes) requireEach(verb Verb, kind Kind, names []string) error {
	for _, name := range names {
		if err := s.Require(verb, kind, name); err != nil {
			return err
		}
	}
	return s.requireAny(verb)
}

func (s Scopes) requireAny(verb Verb) error {
	if s.AllowsAny(verb) {
		return nil
	}
	return forbidden(string(verb))
}

// scopeFor is the narrowest word that allows this.
func scopeFor(verb Verb, kind Kind, name string) string {
	switch {
	case kind == KindAll && len(narrowings[verb]) > 0 && narrowings[verb][0] == KindAll:
		return string(verb) + ":" + string(KindAll)
	case kind == KindAll || len(narrowings[verb]) == 0:
		return string(verb)
	case verb == VerbGroup:
		return string(verb) + ":" + EscapeScopeName(name)
	default:
		return string(verb) + ":" + string(kind) + ":" + EscapeScopeName(name)
	}
}

func forbidden(scope string) *protocol.Problem {
	return &protocol.Problem{Status: 403, Code: protocol.CodeForbidden, Field: "scope",
		Detail: "the token lacks " + scope}
}
