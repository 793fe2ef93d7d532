package demo

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// Room is the room that the page begins in.
const Room = "lobby"

const (
	maxName = 32   // characters of a name or room
	maxText = 2000 // characters of one message
)

// chat is the application: from an event it makes a reply. It keeps one row for
// each client that has joined a room, so that who is online doesn't depend on
// the order in which different clients' events arrive.
type chat struct {
	mu      sync.Mutex // guards the following fields
	rows    map[string]row
	version uint64 // of the rows
}

type row struct{ name, room string }

func newChat() *chat { return &chat{rows: map[string]row{}} }

func (c *chat) answer(e *event) *reply {
	switch e.Type {
	case "connect":
		return &reply{
			Session: map[string]any{"app": "demo"},
			Actions: []action{toClient(e.Data.ClientID, line{Type: "hello", Room: Room})},
		}
	case "message":
		return c.message(e)
	case "close":
		return c.left(e.Data.ClientID)
	default:
		return &reply{}
	}
}

// said is what the page sends.
type said struct {
	Type string `json:"type"`
	Room string `json:"room"`
	Name string `json:"name"`
	To   string `json:"to"`
	Text string `json:"text"`
}

func (c *chat) message(e *event) *reply {
	var s said
	if e.Data.Message == nil || e.Data.Message.Text == nil {
		return fault("This chat takes text only.")
	}
	if err := json.Unmarshal([]byte(*e.Data.Message.Text), &s); err != nil {
		return fault(`This chat takes JSON such as {"type":"say","text":"hello"}.`)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch s.Type {
	case "join":
		return c.join(e.Data.ClientID, s)
	case "say", "private":
		return c.say(e.Data.ClientID, s)
	default:
		return fault("This chat knows join, say and private.")
	}
}

func (c *chat) join(id string, s said) *reply {
	name, room := strings.TrimSpace(s.Name), strings.TrimSpace(s.Room)
	if !goodName(name) || !goodName(room) {
		return fault("A name and a room have 1 to 32 characters, none of them a control character.")
	}
	r := &reply{Session: map[string]any{"name": name, "room": room}}
	before, moved := c.rows[id]
	c.rows[id] = row{name: name, room: room}
	c.version++
	if moved && before.room != room {
		r.Actions = append(r.Actions, leave(before.room))
	}
	if moved && before != c.rows[id] {
		r.Actions = append(r.Actions, c.goodbye(before))
	}
	r.Actions = append(r.Actions, bind(name), join(room),
		toRoom(room, line{Type: "joined", Room: room, Name: name, Online: c.online(room), Version: c.version}))
	return r
}

func (c *chat) say(id string, s said) *reply {
	me, joined := c.rows[id]
	text := strings.TrimSpace(s.Text)
	switch {
	case !joined:
		return fault("Join a room first.")
	case text == "" || utf8.RuneCountInString(text) > maxText:
		return fault("A message has 1 to 2000 characters.")
	case s.Type == "say":
		return &reply{Actions: []action{toRoom(me.room, line{Type: "say", Room: me.room, From: me.name, Text: text})}}
	}
	to := strings.TrimSpace(s.To)
	if !c.present(to) {
		return fault("Nobody of that name is here.")
	}
	// The sender's uid is named too, so that each of their windows shows it.
	return &reply{Actions: []action{toPeople([]string{to, me.name}, line{Type: "private", From: me.name, To: to, Text: text})}}
}

// left answers a close: the client is in no group any more, whoever stays hears
// of it.
func (c *chat) left(id string) *reply {
	c.mu.Lock()
	defer c.mu.Unlock()
	gone, joined := c.rows[id]
	if !joined {
		return &reply{}
	}
	delete(c.rows, id)
	c.version++
	return &reply{Actions: []action{c.goodbye(gone)}}
}

func (c *chat) goodbye(r row) action {
	return toRoom(r.room, line{Type: "left", Room: r.room, Name: r.name, Online: c.online(r.room), Version: c.version})
}

// online are the names in a room, each once however many windows it has open.
func (c *chat) online(room string) []string {
	names := map[string]bool{}
	for _, r := range c.rows {
		if r.room == room {
			names[r.name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

func (c *chat) present(name string) bool {
	for _, r := range c.rows {
		if r.name == name {
			return true
		}
	}
	return false
}

func goodName(s string) bool {
	n := utf8.RuneCountInString(s)
	return n > 0 && n <= maxName && !strings.ContainsFunc(s, unicode.IsControl)
}
