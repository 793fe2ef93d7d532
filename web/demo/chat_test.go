package demo

import (
	"encoding/json"
	"strings"
	"testing"
)

// The chat is driven by events as they come over the wire, and judged by the
// JSON that it answers.
func answer(t *testing.T, c *chat, kind, client, text string) string {
	t.Helper()
	e := &event{Type: kind}
	e.Data.ClientID = client
	if kind == "message" {
		e.Data.Message = &message{Text: &text}
	}
	return string(encode(c.answer(e)))
}

func TestChat(t *testing.T) {
	c := newChat()
	steps := []struct{ name, kind, client, text, want string }{
		{"a client is greeted", "connect", "c1", "",
			`{"session":{"app":"demo"},"actions":[{"action":"send","clients":["c1"],"json":{"type":"hello","room":"lobby"}}]}`},
		{"it must join before it speaks", "message", "c1", `{"type":"say","text":"hi"}`,
			`{"reply":{"type":"error","text":"Join a room first."}}`},
		{"joining binds, joins and tells the room", "message", "c1", `{"type":"join","room":"lobby","name":"anna"}`,
			`{"session":{"name":"anna","room":"lobby"},"actions":[{"action":"bind","uid":"anna"},{"action":"join","groups":["lobby"]},` +
				`{"action":"send","groups":["lobby"],"json":{"type":"joined","room":"lobby","name":"anna","online":["anna"],"version":1}}]}`},
		{"a second one", "message", "c2", `{"type":"join","room":"lobby","name":"bob"}`,
			`{"session":{"name":"bob","room":"lobby"},"actions":[{"action":"bind","uid":"bob"},{"action":"join","groups":["lobby"]},` +
				`{"action":"send","groups":["lobby"],"json":{"type":"joined","room":"lobby","name":"bob","online":["anna","bob"],"version":2}}]}`},
		{"what is said goes to the room, as it was said", "message", "c1", `{"type":"say","text":" <b>&'hi' "}`,
			`{"actions":[{"action":"send","groups":["lobby"],"json":{"type":"say","room":"lobby","from":"anna","text":"<b>&'hi'"}}]}`},
		{"a private word goes to both names", "message", "c1", `{"type":"private","to":"bob","text":"psst"}`,
			`{"actions":[{"action":"send","uids":["bob","anna"],"json":{"type":"private","from":"anna","to":"bob","text":"psst"}}]}`},
		{"not to a stranger", "message", "c1", `{"type":"private","to":"eve","text":"psst"}`,
			`{"reply":{"type":"error","text":"Nobody of that name is here."}}`},
		{"moving leaves the old room and tells it", "message", "c2", `{"type":"join","room":"attic","name":"bob"}`,
			`{"session":{"name":"bob","room":"attic"},"actions":[{"action":"leave","groups":["lobby"]},` +
				`{"action":"send","groups":["lobby"],"json":{"type":"left","room":"lobby","name":"bob","online":["anna"],"version":3}},` +
				`{"action":"bind","uid":"bob"},{"action":"join","groups":["attic"]},` +
				`{"action":"send","groups":["attic"],"json":{"type":"joined","room":"attic","name":"bob","online":["bob"],"version":3}}]}`},
		{"whoever closes is told to the room", "close", "c2", "",
			`{"actions":[{"action":"send","groups":["attic"],"json":{"type":"left","room":"attic","name":"bob","version":4}}]}`},
		{"once", "close", "c2", "", `{}`},
		{"an unknown event is done", "nova", "c1", "", `{}`},
	}
	for _, s := range steps {
		if got := answer(t, c, s.kind, s.client, s.text); got != s.want {
			t.Fatalf("%s:\n got %s\nwant %s", s.name, got, s.want)
		}
	}
}

func TestChatOneNameInTwoWindowsStaysOnlineUntilTheLastCloses(t *testing.T) {
	c := newChat()
	for _, client := range []string{"c1", "c2", "c3"} {
		name := map[string]string{"c3": "bob"}[client]
		if name == "" {
			name = "anna"
		}
		answer(t, c, "message", client, `{"type":"join","room":"r","name":"`+name+`"}`)
	}
	if got := answer(t, c, "close", "c1", ""); !strings.Contains(got, `"online":["anna","bob"]`) {
		t.Errorf("after the first window: %s", got)
	}
	if got := answer(t, c, "close", "c2", ""); !strings.Contains(got, `"online":["bob"]`) {
		t.Errorf("after the second window: %s", got)
	}
}

func TestChatRefusesWhatItCannotUse(t *testing.T) {
	long := strings.Repeat("x", 2001)
	for _, text := range []string{
		"", "plain words", "[]", `{"type":"fly"}`, `{"type":"join","room":"","name":"a"}`, `{"type":"join","room":"r","name":"  "}`,
		`{"type":"join","room":"r","name":"a\u0000b"}`, `{"type":"join","room":"r","name":"` + long[:33] + `"}`,
		`{"type":"say","text":"  "}`, `{"type":"say","text":"` + long + `"}`,
	} {
		c := newChat()
		answer(t, c, "message", "c1", `{"type":"join","room":"r","name":"anna"}`)
		if got := answer(t, c, "message", "c1", text); !strings.Contains(got, `"type":"error"`) || strings.Contains(got, "actions") {
			t.Errorf("%.60q: got %s", text, got)
		}
	}
	binary := "AAE="
	e := &event{Type: "message"}
	e.Data.Message = &message{Binary: &binary}
	if got := string(encode(newChat().answer(e))); !strings.Contains(got, "text only") {
		t.Errorf("a binary message: got %s", got)
	}
}

// FuzzChat: no text of a client's makes the chat panic or answer what isn't JSON.
func FuzzChat(f *testing.F) {
	f.Add(`{"type":"join","room":"r","name":"n"}`)
	f.Add(`{"type":"private","to":"\ud800","text":"x"}`)
	f.Fuzz(func(t *testing.T, text string) {
		c := newChat()
		answer(t, c, "message", "c1", `{"type":"join","room":"r","name":"anna"}`)
		if got := answer(t, c, "message", "c1", text); !json.Valid([]byte(got)) {
			t.Fatalf("%q: got %s", text, got)
		}
	})
}
