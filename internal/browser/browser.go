// Package browser opens pages in a real headless Chromium, for tests. What is
// asserted of a page lives with the test; here it is started, watched for errors
// and stopped.
package browser

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// names are what Debian and others call it.
var names = []string{"chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "headless_shell"}

// Tab is one open tab, and what went wrong in it.
type Tab struct {
	// Context is what chromedp's actions run in.
	Context context.Context //nolint:containedctx // chromedp keeps its tab in one

	mu     sync.Mutex
	faults []string
}

// shared is the browser of all tests of a process, where [Main] runs them.
var shared struct {
	wanted bool
	once   sync.Once
	ctx    context.Context //nolint:containedctx // chromedp keeps its browser in one
	stop   []context.CancelFunc
	err    error
}

// Main runs the tests of a package, all of them in one browser, and returns what its
// TestMain has to exit with. The tabs know nothing of each other all the same.
func Main(m *testing.M) int {
	shared.wanted = true
	code := m.Run()
	if shared.ctx != nil {
		end(shared.ctx, shared.stop)
	}
	return code
}

// start starts a browser; it is stopped by what it returns, the last first.
func start(path string) (context.Context, []context.CancelFunc, error) {
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.WSURLReadTimeout(time.Minute))
	allocator, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, cancelBrowser := chromedp.NewContext(allocator)
	return ctx, []context.CancelFunc{cancel, cancelBrowser}, chromedp.Run(ctx)
}

// end stops a browser, and waits until nothing is left of it.
func end(ctx context.Context, stop []context.CancelFunc) {
	_ = chromedp.Cancel(ctx) // a browser that has crashed is gone as well
	for _, s := range slices.Backward(stop) {
		s()
	}
	if browser := chromedp.FromContext(ctx); browser != nil && browser.Allocator != nil {
		browser.Allocator.Wait()
	}
}

// browserFor is the shared browser, or one for the test.
func browserFor(t *testing.T, path string) context.Context {
	t.Helper()
	if shared.wanted {
		shared.once.Do(func() { shared.ctx, shared.stop, shared.err = start(path) })
		if shared.err != nil {
			t.Fatalf("start %s: %v", path, shared.err)
		}
		return shared.ctx
	}
	ctx, stop, err := start(path)
	t.Cleanup(func() { end(ctx, stop) })
	if err != nil {
		t.Fatalf("start %s: %v", path, err)
	}
	return ctx
}

// Open opens a tab of that size, in CSS pixels, that lives as long as the test. A
// test without Chromium is skipped, and in CI fails.
func Open(t *testing.T, width, height int) *Tab {
	t.Helper()
	path := find(t)
	ctx, cancelTab := chromedp.NewContext(browserFor(t, path), chromedp.WithNewBrowserContext())
	t.Cleanup(cancelTab)
	ctx, cancelTime := context.WithTimeout(ctx, 5*time.Minute)
	t.Cleanup(cancelTime)
	tab := &Tab{Context: ctx}
	chromedp.ListenTarget(ctx, tab.hear)
	if err := chromedp.Run(ctx, log.Enable(), chromedp.EmulateViewport(int64(width), int64(height))); err != nil {
		t.Fatalf("open a tab of %s: %v", path, err)
	}
	return tab
}

func find(t *testing.T) string {
	t.Helper()
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if os.Getenv("CI") != "" {
		t.Fatal("no Chromium is installed (Debian: chromium-headless-shell)")
	}
	t.Skip("SKIPPED: no Chromium is installed (Debian: apt-get install chromium-headless-shell)")
	return ""
}

// hear notes errors of the console, of scripts and of the network.
func (t *Tab) hear(event any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		t.faults = append(t.faults, "exception: "+e.ExceptionDetails.Error())
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.APITypeError || e.Type == runtime.APITypeWarning {
			text := ""
			for _, a := range e.Args {
				text += " " + string(a.Value) + a.Description
			}
			t.faults = append(t.faults, "console:"+text)
		}
	case *log.EventEntryAdded:
		if e.Entry.Level == log.LevelError || e.Entry.Level == log.LevelWarning {
			t.faults = append(t.faults, fmt.Sprintf("%s: %s %s", e.Entry.Source, e.Entry.Text, e.Entry.URL))
		}
	}
}

// Faults are the errors and warnings of the console so far.
func (t *Tab) Faults() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return append([]string(nil), t.faults...)
}

// Do runs actions and ends the test where one fails, or takes a minute.
func (t *Tab) Do(tb testing.TB, what string, actions ...chromedp.Action) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(t.Context, time.Minute)
	defer cancel()
	if err := chromedp.Run(ctx, actions...); err != nil {
		tb.Fatalf("%s: %v (the console: %q)", what, err, t.Faults())
	}
}
