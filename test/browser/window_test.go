package browser

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"gatepost/test/harness"
)

// newBrowser starts Chromium with a profile of its own. Windows are contexts of
// the returned one.
func newBrowser(t *testing.T) context.Context {
	t.Helper()
	dir := harness.SocketDir(t) // Chromium has one in its TMPDIR
	allocator, cancel := chromedp.NewExecAllocator(t.Context(),
		chromedp.ExecPath(need(t, "chromium")), chromedp.UserDataDir(dir), chromedp.Env("TMPDIR="+dir, "HOME="+dir),
		chromedp.Flag("headless", true), chromedp.Flag("no-proxy-server", true), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
		chromedp.Flag("disable-dev-shm-usage", true), chromedp.WindowSize(1360, 900),
	)
	t.Cleanup(cancel)
	browser, cancel := chromedp.NewContext(allocator)
	t.Cleanup(cancel)
	if err := chromedp.Do(browser, chromedp.Navigate("about:blank")); err != nil {
		t.Fatalf("chromium doesn't start: %v", err)
	}
	t.Cleanup(func() { _ = chromedp.Cancel(browser) }) // waits for its end: the profile is deleted next
	return browser
}

// window is one tab.
type window struct {
	t   *testing.T
	ctx context.Context
	end context.CancelFunc

	mu     sync.Mutex
	faults []string // guarded by mu; exceptions and what the page's policy blocked
}

// open opens the demo's page in a new tab and waits until it has joined its room.
func open(t *testing.T, browser context.Context, url string) *window {
	t.Helper()
	w := tab(t, browser, url)
	w.inRoom()
	return w
}

// tab opens a page in a new tab. Faults of the page's scripts are the test's.
func tab(t *testing.T, browser context.Context, url string) *window {
	t.Helper()
	w := &window{t: t}
	w.ctx, w.end = chromedp.NewContext(browser, chromedp.WithListener(w.listen))
	t.Cleanup(w.end)
	// The tab lives as long as the context of its first action: not one of do's.
	if err := chromedp.Do(w.ctx, chromedp.Navigate(url)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		for _, fault := range w.faults {
			t.Errorf("the page's console: %s", fault)
		}
	})
	return w
}

func (w *window) listen(event any) {
	text := ""
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		text = e.ExceptionDetails.Text + " " + e.ExceptionDetails.Exception.Description
	case *log.EventEntryAdded:
		// A connection that fails is the network's, and what some tests are about.
		if e.Entry.Level == log.EntryLevelError && e.Entry.Source != log.EntrySourceNetwork {
			text = e.Entry.Text
		}
	}
	if text != "" {
		w.mu.Lock()
		w.faults = append(w.faults, text)
		w.mu.Unlock()
	}
}

func (w *window) do(steps ...chromedp.Action[chromedp.Void]) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		w.t.Fatal(err)
	}
}

// eval is the value of a JavaScript expression. (chromedp's own polling makes
// code from text in the page, which the page's policy forbids.)
func eval[T any](w *window, expression string) T {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		w.t.Fatalf("%s: %v", expression, err)
	}
	return value
}

// wait waits until a JavaScript expression is true.
func (w *window) wait(what, expression string) {
	w.t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if eval[bool](w, expression) {
			return
		}
	}
	w.t.Fatalf("waited in vain for %s; the page says:\n%s", what, w.text("body"))
}

// inRoom waits until the page is connected and sees itself among those online.
func (w *window) inRoom() {
	w.t.Helper()
	w.wait("the page to be in its room",
		`document.querySelector('#status')?.dataset.state === 'open' && document.querySelector('#online .me') !== null`)
}

// shows waits until an element that the selector finds has this text in it.
func (w *window) shows(selector, text string) {
	w.t.Helper()
	w.wait(fmt.Sprintf("%q in %s", text, selector),
		fmt.Sprintf(`[...document.querySelectorAll(%q)].some((e) => e.textContent.includes(%q))`, selector, text))
}

func (w *window) text(selector string) string {
	w.t.Helper()
	return eval[string](w, fmt.Sprintf(`document.querySelector(%q).innerText`, selector))
}

func (w *window) count(selector string) int {
	w.t.Helper()
	return eval[int](w, fmt.Sprintf(`document.querySelectorAll(%q).length`, selector))
}

// choose sets a select as a user's choice does.
func (w *window) choose(selector, value string) {
	w.t.Helper()
	eval[bool](w, fmt.Sprintf(`((e) => { e.value = %q; e.dispatchEvent(new Event('input', {bubbles: true})); return true; })(document.querySelector(%q))`, value, selector))
}

// fill types into a field, in place of what is there, and sends its form.
func (w *window) fill(selector, text string) {
	w.t.Helper()
	eval[bool](w, fmt.Sprintf(`((e) => { e.value = ''; return true; })(document.querySelector(%q))`, selector))
	w.do(chromedp.SendKeys(chromedp.CSS(selector), text+"\r"))
}

// picture saves a screenshot into the folder that SCREENSHOTS names, if it does.
func (w *window) picture(name string, width, height int64, scheme string) {
	w.t.Helper()
	dir := os.Getenv("SCREENSHOTS")
	if dir == "" {
		return
	}
	_, err := chromedp.Call(w.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.do(chromedp.EmulateViewport(width, height), chromedp.Sleep(400*time.Millisecond)) // for its animations to end
	png, err := chromedp.Run(w.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), png, 0o600); err != nil {
		w.t.Fatal(err)
	}
}
