package api

import (
	"net/http"

	"gatepost/auth"
	"gatepost/protocol"
)

// route is one call: who may make it, what it takes, and what does it. What the
// handler is given has been read and checked by these rules. A HEAD is answered where a GET
// is.
type route struct {
	method, path string
	// scopes: the token has one of these, however narrowed, or the call is refused
	// before its body is read. What it names is checked by the handler.
	scopes []auth.Verb
	query  []string // the query parameters that it has
	body   bodyRule
	handle func(*call) error
}

func (a *API) routes() []route {
	var (
		push    = []auth.Verb{auth.VerbPush}
		bind    = []auth.Verb{auth.VerbBind}
		group   = []auth.Verb{auth.VerbGroup}
		session = []auth.Verb{auth.VerbSession}
		closing = []auth.Verb{auth.VerbClose}
		read    = []auth.Verb{auth.VerbRead}
		admin   = []auth.Verb{auth.VerbAdmin}
		// Whoever may change a session is shown it by the answer anyway.
		readSession = []auth.Verb{auth.VerbRead, auth.VerbSession}

		message  = bodyRule{kind: messageBody, limit: a.cfg.MaxPush}
		withText = jsonBody(maxNamesBody + maxEscape*a.cfg.MaxPush)
		names    = jsonBody(maxNamesBody)
		small    = jsonBody(maxSmallBody)
		except   = []string{"except_client"}
		page     = []string{"limit", "cursor"}
	)
	routes := []route{
		{http.MethodPost, "/push", push, nil, withText, a.act(protocol.VerbSend)},
		{http.MethodPost, "/push/all", push, except, message, a.pushAll},
		{http.MethodPost, "/push/clients/:id", push, except, message, a.pushClient},
		{http.MethodPost, "/push/uids/:uid", push, except, message, a.pushUID},
		{http.MethodPost, "/push/groups/:group", push, except, message, a.pushGroup},

		{http.MethodPost, "/bind", bind, nil, small, a.act(protocol.VerbBind)},
		{http.MethodPost, "/unbind", bind, nil, small, a.act(protocol.VerbUnbind)},
		{http.MethodPost, "/join", group, nil, names, a.act(protocol.VerbJoin)},
		{http.MethodPost, "/leave", group, nil, names, a.act(protocol.VerbLeave)},
		{http.MethodPost, "/dissolve", group, nil, small, a.act(protocol.VerbDissolve)},
		{http.MethodPost, "/until", closing, nil, small, a.act(protocol.VerbUntil)},
		{http.MethodPost, "/session", readSession, nil, jsonBody(maxSessionBody), a.session},

		{http.MethodPost, "/groups/:group/join", group, nil, names, a.membership(protocol.VerbJoin)},
		{http.MethodPost, "/groups/:group/leave", group, nil, names, a.membership(protocol.VerbLeave)},
		{http.MethodDelete, "/groups/:group", group, nil, noBody, a.dissolve},
		{http.MethodGet, "/groups", read, page, noBody, a.listGroups},
		{http.MethodPost, "/groups", read, nil, small, inBody(a.listGroups)},
		{http.MethodGet, "/groups/:group", read, nil, noBody, a.getGroup},

		{http.MethodGet, "/uids", read, []string{"group", "limit", "cursor"}, noBody, a.listUIDs},
		{http.MethodPost, "/uids", read, nil, names, inBody(a.listUIDs, "groups")},
		{http.MethodGet, "/uids/:uid", read, nil, noBody, a.getUID},

		{http.MethodGet, "/clients", read, []string{"group", "uid", "fields", "limit", "cursor"}, noBody, a.listClients},
		{http.MethodPost, "/clients", read, nil, names, inBody(a.listClients, "groups", "uids", "fields")},
		{http.MethodGet, "/clients/:id", read, nil, noBody, a.getClient},
		{http.MethodDelete, "/clients/:id", closing, []string{"code", "reason", "force", "discard"}, message, a.closeClient},
		{http.MethodPut, "/clients/:id/until", closing, nil, small, a.setUntil},
		{http.MethodGet, "/clients/:id/session", readSession, nil, noBody, a.getSession},
		{http.MethodPut, "/clients/:id/session", session, nil, jsonBody(maxSessionBody), a.putSession},
		{http.MethodPatch, "/clients/:id/session", session, []string{"mode"}, jsonBody(maxSessionBody), a.patchSession},
		{http.MethodPost, "/close", closing, nil, withText, a.act(protocol.VerbClose)},

		{http.MethodPost, "/lookup", read, nil, names, a.lookup},
		{http.MethodGet, "/stats", read, nil, noBody, a.stats},
		{http.MethodDelete, "/nodes/:node", admin, nil, noBody, a.forgetNode(inPath)},
		{http.MethodPost, "/nodes/forget", admin, nil, small, a.forgetNode(named)},
		{http.MethodPost, "/actions", nil, nil, jsonBody(max(maxActionsBody, withText.limit)), a.actions},

		{http.MethodGet, "/events/dead", admin, page, noBody, a.listDead},
		{http.MethodGet, "/events/dead/:id", admin, nil, noBody, a.getDead(inPath)},
		{http.MethodPost, "/events/dead/show", admin, nil, small, a.getDead(named)},
		{http.MethodDelete, "/events/dead/:id", admin, nil, noBody, a.dropDead(inPath)},
		{http.MethodPost, "/events/dead/drop", admin, nil, small, a.dropDead(named)},
		{http.MethodPost, "/events/dead/replay", admin, nil, names, a.replayDead},
	}
	if a.Metrics != nil {
		routes = append(routes, route{http.MethodGet, "/metrics", read, nil, noBody, a.metrics})
	}
	return routes
}
