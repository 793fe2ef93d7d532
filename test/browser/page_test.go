package browser

import (
	"strings"
	"testing"
)

// A message goes from the browser through the signed webhook to the backend, and
// its reply back to the browser; the page shows all four ways.
func TestMessageGoesThroughTheWebhookAndBack(t *testing.T) {
	d := startDemo(t, "127.0.0.1:0")
	w := open(t, newBrowser(t), d.URL)
	w.fill("#text", "hello, gateway")
	w.shows("#lines .mine", "hello, gateway")
	w.shows(`#hops [data-hop=up]`, `{"type":"say","text":"hello, gateway"}`)
	w.shows(`#hops [data-hop=event] summary`, "signature ok")
	w.shows(`#hops [data-hop=event]`, `hello, gateway`)
	w.shows(`#hops [data-hop=reply] summary`, "session, bind, join, send")
	w.shows(`#hops [data-hop=down] summary`, `"text":"hello, gateway"`)
	eval[bool](w, `[...document.querySelectorAll('#hops [data-hop=event] details')].at(-1).open = true`)
	w.shows(`#hops [open] pre`, `"seq": 2`)
	w.picture("details-light", 1360, 900, "light")
}

// The curl line on the terminal can be pasted as it stands.
func TestPrintedCurlLineReachesThePage(t *testing.T) {
	d := startDemo(t, "127.0.0.1:0")
	w := open(t, newBrowser(t), d.URL)
	if got := paste(t, d.Curl); !strings.Contains(got, `"matched":1,"queued":1,"dropped":0`) {
		t.Errorf("the push answered %s", got)
	}
	w.shows("#lines .pushed", "Hello from curl")
	w.shows(`#hops [data-hop=down] summary`, "Hello from curl")
}

// The page's own box makes the call that it shows, whatever is in the message.
func TestPushBoxMakesTheCallThatItShows(t *testing.T) {
	d := startDemo(t, "127.0.0.1:0")
	w := open(t, newBrowser(t), d.URL)
	w.fill("#body", `@it's "quoted" $HOME <b>&`)
	w.shows("#result", `200 {"matched":1,"queued":1,"dropped":0}`)
	w.shows("#lines .pushed", `@it's "quoted" $HOME <b>&`)
	paste(t, w.text("#curl"))
	w.wait("the same push again, by curl", `document.querySelectorAll('#lines .pushed').length === 2`)
	w.wait("both to be alike", `(([a, b]) => a.textContent === b.textContent)(document.querySelectorAll('#lines .pushed'))`)

	w.choose("#target", "uid")
	w.fill("#body", "only for my name")
	w.shows(`#hops [data-hop=call] summary`, "POST /push/uids/")
	w.shows("#lines .pushed", "only for my name")
}

func TestTwoWindowsChat(t *testing.T) {
	d := startDemo(t, "127.0.0.1:0")
	browser := newBrowser(t)
	anna, bob := open(t, browser, d.URL), open(t, browser, d.URL)
	anna.fill("#name", "Anna")
	bob.fill("#name", "Bob & <i>Co</i>")
	for _, w := range []*window{anna, bob} {
		w.shows("#online", "Anna")
		w.shows("#online", "Bob & <i>Co</i>")
	}
	anna.fill("#text", "Anybody here?")
	bob.shows("#lines .bubble", "Anybody here?")
	bob.fill("#text", "I am. What do you think of the new office?")
	anna.shows("#lines .bubble", "What do you think of the new office?")

	anna.choose("#to", "Bob & <i>Co</i>")
	anna.fill("#text", "Just between us: too many plants.")
	bob.shows("#lines .private", "too many plants")
	anna.shows("#lines .mine.private", "too many plants")
	bob.picture("wide-light", 1360, 900, "light")
	bob.picture("wide-dark", 1360, 900, "dark")
	bob.picture("narrow-light", 420, 900, "light")

	bob.end()
	anna.shows("#lines .note", "Bob & <i>Co</i> has left")
	anna.wait("one name to be left", `document.querySelectorAll('#online li').length === 1`)
	anna.picture("left", 1360, 900, "light")
}

// Whoever moves to another room hears no more of the first.
func TestRooms(t *testing.T) {
	d := startDemo(t, "127.0.0.1:0")
	browser := newBrowser(t)
	stays, moves := open(t, browser, d.URL), open(t, browser, d.URL)
	moves.fill("#room", "attic/50%")
	moves.shows("#lines .note", "is in attic/50%")
	stays.fill("#text", "only in the lobby")
	stays.shows("#lines .mine", "only in the lobby")
	moves.fill("#text", "only in the attic")
	moves.shows("#lines .mine", "only in the attic")
	if got := moves.text("#lines"); strings.Contains(got, "only in the lobby") {
		t.Errorf("the attic hears the lobby:\n%s", got)
	}
	moves.fill("#body", "into the attic")
	moves.shows("#lines .pushed", "into the attic")
	if got := stays.text("#lines"); strings.Contains(got, "attic") {
		t.Errorf("the lobby hears the attic:\n%s", got)
	}
}

// What others say is text, never markup.
func TestMarkupStaysText(t *testing.T) {
	d := startDemo(t, "127.0.0.1:0")
	w := open(t, newBrowser(t), d.URL)
	const markup = `<img src=x onerror="document.title='owned'"><script>document.title='owned'</script>`
	w.fill("#text", markup)
	w.shows("#lines .mine", markup)
	w.fill("#body", markup)
	w.shows("#lines .pushed", markup)
	w.fill("#name", `<b id=x>`)
	w.shows("#online", `<b id=x>`)
	if n := w.count("main img, main script, #x"); n != 0 {
		t.Errorf("%d elements were made of text", n)
	}
	if title := eval[string](w, `document.title`); title != "Gatepost demo" {
		t.Errorf("the title is %q", title)
	}
}

// A page whose gateway goes away comes back by itself, under its own name, and
// works with the new one's secrets.
func TestPageConnectsAgain(t *testing.T) {
	d := startDemo(t, "127.0.0.1:0")
	w := open(t, newBrowser(t), d.URL)
	w.fill("#name", "Anna")
	w.shows("#online", "Anna")
	d.stop(t)
	w.wait("the page to notice", `document.querySelector('#status').dataset.state === 'wait'`)
	startDemo(t, strings.TrimSuffix(strings.TrimPrefix(d.URL, "http://"), "/"))
	w.inRoom()
	w.fill("#text", "back again")
	w.shows("#lines .mine", "back again")
	w.shows(`#hops [data-hop=event] summary`, "back again")
	w.fill("#body", "pushed to the new one")
	w.shows("#result", "200")
	if got := eval[string](w, `document.querySelector('#name').value`); got != "Anna" {
		t.Errorf("the name is %q", got)
	}
}
