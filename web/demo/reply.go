package demo

// reply is what the backend asks of the gateway in its answer to an event.
type reply struct {
	Session map[string]any `json:"session,omitempty"`
	Actions []action       `json:"actions,omitempty"`
	Reply   any            `json:"reply,omitempty"`
}

// action is one thing that the gateway is to do. Where bind, join and leave name
// no client they mean the one whose event is answered.
type action struct {
	Action string   `json:"action"`
	UID    string   `json:"uid,omitempty"`
	UIDs   []string `json:"uids,omitempty"`
	Groups []string `json:"groups,omitempty"`
	// Clients is used for a client that is in no group and has no uid yet.
	Clients []string `json:"clients,omitempty"`
	JSON    any      `json:"json,omitempty"`
}

func bind(name string) action  { return action{Action: "bind", UID: name} }
func join(room string) action  { return action{Action: "join", Groups: []string{room}} }
func leave(room string) action { return action{Action: "leave", Groups: []string{room}} }

func toRoom(room string, what any) action {
	return action{Action: "send", Groups: []string{room}, JSON: what}
}

func toPeople(names []string, what any) action {
	return action{Action: "send", UIDs: names, JSON: what}
}

func toClient(id string, what any) action {
	return action{Action: "send", Clients: []string{id}, JSON: what}
}

// line is one thing that the page is told.
type line struct {
	Type string `json:"type"` // hello, joined, left, say, private or error
	Room string `json:"room,omitempty"`
	Name string `json:"name,omitempty"` // joined, left: who
	From string `json:"from,omitempty"`
	To   string `json:"to,omitempty"`
	Text string `json:"text,omitempty"`
	// Online are the room's names after a joined or left, and Version grows with
	// every change: replies to different clients' events are unordered, so a page
	// keeps the list with the highest.
	Online  []string `json:"online,omitempty"`
	Version uint64   `json:"version,omitempty"`
}

func fault(text string) *reply { return &reply{Reply: line{Type: "error", Text: text}} }
