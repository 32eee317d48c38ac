package dashboard

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/dashboard/fleet"
	"github.com/sluice-project/sluice/internal/browser"
)

// focused is what has the focus, in words.
const focused = `document.activeElement.closest("tr")?.dataset.key ?? document.activeElement.tagName`

func TestAThousandJobsByKeys(t *testing.T) {
	server := served(t, Config{Book: bookOf(t, 1000, 3), Version: "test"})
	tab := browser.Open(t, 1360, 900)
	var at, counted string
	var rows int
	var height float64
	tab.Do(t, "open the fleet", chromedp.Navigate(server.URL), chromedp.WaitVisible(`tr.job`), chromedp.Text(`p[role=status]`, &counted),
		chromedp.Evaluate(`document.querySelectorAll("tr.job").length`, &rows), chromedp.Evaluate(`document.querySelector("tr.job").getBoundingClientRect().height`, &height))
	if !strings.HasPrefix(counted, "1000 of 1000 jobs") || rows > 80 || height != 46 {
		t.Errorf("%q, %d rows drawn, each %g pixels high; want 1000 jobs, few rows, of 46", counted, rows, height)
	}
	press := func(what string, want string, keys ...string) {
		t.Helper()
		var seen bool
		for _, key := range keys {
			tab.Do(t, what, chromedp.KeyEvent(key))
		}
		tab.Do(t, what, chromedp.Evaluate(focused, &at), chromedp.Evaluate(`(() => { const r = document.activeElement.getBoundingClientRect(); return r.top > 0 && r.bottom < innerHeight; })()`, &seen))
		if at != want || !seen {
			t.Errorf("%s: at %s (in view: %t), want %s", what, at, seen, want)
		}
	}
	// Those that are blocked stand first: every seventh, from the fourth on.
	press("down", "prod/00000000000000000000000000000004", kb.ArrowDown)
	press("down again, and up", "prod/00000000000000000000000000000004", "j", "k")
	press("to the end", "prod/000000000000000000000000000003e8", kb.End)
	press("from there up", "prod/000000000000000000000000000003e7", kb.ArrowUp)
	press("to the start", "prod/00000000000000000000000000000004", kb.Home)
	press("many down", "prod/00000000000000000000000000000090", strings.Split(strings.Repeat("j", 20), "")...)
	// A key as a keyboard sends it: what is done at its press keeps its letter out.
	slash := input.DispatchKeyEvent(input.KeyDown).WithKey("/").WithCode("Slash").WithText("/")
	tab.Do(t, "to the search", slash)
	press("search", "INPUT", "o", "r", "d", "e", "r", "s", "-", "0", "7")
	press("into what was found", "prod/0000000000000000000000000000004a", kb.Enter)
	tab.Do(t, "open it", chromedp.KeyEvent(kb.Enter), chromedp.WaitVisible(`//h1[text()="orders-073"]`))
	tab.Do(t, "come back: the search stands", chromedp.NavigateBack(), chromedp.WaitVisible(`tr.job`), chromedp.Text(`p[role=status]`, &counted))
	if !strings.HasPrefix(counted, "10 of 1000 jobs") {
		t.Errorf("%q, want the 10 jobs that were searched for", counted)
	}
	tab.Do(t, "only those that are blocked", chromedp.Focus(`.chips button[data-key=blocked]`), chromedp.KeyEvent(kb.Enter), chromedp.Evaluate(`document.querySelector("p[role=status]").textContent`, &counted))
	if !strings.HasPrefix(counted, "1 of 1000 jobs") {
		t.Errorf("%q, want the one that is blocked", counted)
	}
	var names string
	tab.Do(t, "all of them by name, the last first", chromedp.KeyEvent(kb.Enter), chromedp.Focus(`th:nth-child(2) button`), chromedp.KeyEvent(kb.Enter), chromedp.KeyEvent(kb.Enter),
		chromedp.Evaluate(`[...document.querySelectorAll("tr.job td:nth-child(2) a")].slice(0, 2).map(a => a.textContent).join() + " " + document.activeElement.textContent`, &names))
	if names != "orders-079,orders-078 Job ↓" {
		t.Errorf("sorted by name they begin %q", names)
	}
	quiet(t, tab, "")
}

func TestTheLastDecisionLeadsToIt(t *testing.T) {
	server := served(t, Config{Book: busyBook(t, 1), Version: "test"})
	tab := browser.Open(t, 1360, 900)
	var text string
	tab.Do(t, "open the last decision of a job", chromedp.Navigate(server.URL), chromedp.WaitVisible(`td.c-decided a`), chromedp.Text(`td.c-decided a`, &text), chromedp.Click(`td.c-decided a`), chromedp.WaitVisible(`.story`))
	var rescale string
	tab.Do(t, "read the last rescale in the fleet", chromedp.Click(`nav a`), chromedp.WaitVisible(`td.c-when a`), chromedp.Text(`td.c-when a`, &rescale))
	if text != "▲ 4 → 5 enrich -> Filter" || rescale != text {
		t.Errorf("the last decision reads %q, and the last rescale %q", text, rescale)
	}
	quiet(t, tab, "")
}

func TestWhatIsNotKnownIsADash(t *testing.T) {
	book := fleet.NewBook(func() time.Time { return began.Add(time.Minute) })
	job := &autoscaler.JobContext{Key: autoscaler.JobKey{Cluster: "prod", Job: "j1"}, Name: "orders"}
	if err := book.Handle(t.Context(), job, autoscaler.Event{At: began, Reason: autoscaler.EventAutoscalerError, Message: "no answer"}); err != nil {
		t.Fatal(err)
	}
	hand := newPageHand()
	server := served(t, Config{Book: book, Hand: hand, Version: "test"})
	tab := browser.Open(t, 1360, 900)
	var row, counted, facts string
	tab.Do(t, "open the fleet", chromedp.Navigate(server.URL), chromedp.WaitVisible(`tr.job`), chromedp.Text(`td.c-p`, &row), chromedp.Text(`p[role=status]`, &counted))
	tab.Do(t, "open the job", chromedp.Click(`tr.job a`), chromedp.WaitVisible(`.facts`), chromedp.Text(`.facts`, &facts))
	if row != "–" || counted != "1 of 1 jobs, – subtasks" || strings.ContainsAny(facts, "0123456789") {
		t.Errorf("parallelism %q, %q, and of the job %q; want no number", row, counted, facts)
	}
	quiet(t, tab, "")
}

func TestTimesAreOfTheViewersZone(t *testing.T) {
	server := served(t, Config{Book: busyBook(t, 1), Version: "test"})
	tab := browser.Open(t, 1360, 900)
	var local, title, utc, theme string
	tab.Do(t, "look from Kathmandu", emulation.SetTimezoneOverride("Asia/Kathmandu"), chromedp.Navigate(server.URL), chromedp.WaitVisible(`tr.job time`),
		chromedp.Text(`td.c-when time`, &local), chromedp.AttributeValue(`td.c-when time`, "title", &title, nil), chromedp.Click(`#zone`), chromedp.WaitVisible(`//button[@id="zone"][text()="UTC"]`), chromedp.WaitVisible(`tr.job time`), chromedp.Text(`td.c-when time`, &utc))
	if local != "18:14:50" || !strings.HasPrefix(title, "2026-07-01T12:29:50Z") || utc != "12:29:50" {
		t.Errorf("%q with the title %q, and in UTC %q", local, title, utc)
	}
	read := chromedp.Evaluate(`document.documentElement.dataset.theme + " " + getComputedStyle(document.body.parentElement).backgroundColor`, &theme)
	tab.Do(t, "switch to dark, and come again", chromedp.Click(`#theme`), chromedp.Reload(), chromedp.WaitVisible(`tr.job`), read)
	if theme != "dark rgb(17, 22, 29)" {
		t.Errorf("after a switch and a reload the theme is %q", theme)
	}
}

func TestNothingMovesForWhoWantsNoMotion(t *testing.T) {
	book := fleet.NewBook(func() time.Time { return began.Add(time.Minute) })
	job := &autoscaler.JobContext{Key: autoscaler.JobKey{Cluster: "prod", Job: "j1"}, Name: "orders"}
	r := report(job.Key, job.Name, began, 1000, 2)
	r.Act = &autoscaler.Act{Phase: autoscaler.PhaseRequested, Decided: began}
	if err := errors.Join(book.Record(t.Context(), job, r)); err != nil {
		t.Fatal(err)
	}
	server := served(t, Config{Book: book, Version: "test"})
	tab := browser.Open(t, 1360, 900)
	for _, c := range []struct {
		motion string
		moving bool
	}{{"no-preference", true}, {"reduce", false}} {
		var moves bool
		tab.Do(t, "open the fleet", emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-reduced-motion", Value: c.motion}}),
			chromedp.Navigate(server.URL), chromedp.WaitVisible(`.state.scaling svg`), chromedp.Evaluate(`document.getAnimations().length > 0`, &moves))
		if moves != c.moving {
			t.Errorf("with %s something moves: %t", c.motion, moves)
		}
	}
}

// A page that is drawn anew between the press of a button and its release must not
// lose the click.
func TestNewsBetweenPressAndReleaseLosesNoClick(t *testing.T) {
	book := busyBook(t, 2)
	server := served(t, Config{Book: book, Hand: newPageHand(), Version: "test"})
	tab := browser.Open(t, 1360, 900)
	key := autoscaler.JobKey{Cluster: "prod", Job: "00000000000000000000000000000001"}
	parallelism := 4
	click := func(what, on, shows, then string) {
		t.Helper()
		parallelism++
		var at []float64
		tab.Do(t, "find "+what, chromedp.WaitVisible(on), chromedp.Evaluate(`(() => { const r = document.querySelector("`+on+`").getBoundingClientRect(); return [r.left + r.width / 2, r.top + r.height / 2]; })()`, &at))
		tab.Do(t, "press "+what, mouse(input.MouseMoved, at[0], at[1], 0), mouse(input.MousePressed, at[0], at[1], 1))
		r := report(key, "orders-000", began.Add(30*time.Minute), 1500, parallelism)
		if err := book.Record(t.Context(), &autoscaler.JobContext{Key: key, Name: "orders-000"}, r); err != nil {
			t.Fatal(err)
		}
		tab.Do(t, "see the news", chromedp.WaitVisible(fmt.Sprintf(shows, parallelism+4)))
		tab.Do(t, "release "+what, mouse(input.MouseReleased, at[0], at[1], 1), chromedp.WaitVisible(then))
	}
	tab.Do(t, "open the fleet", chromedp.Navigate(server.URL))
	click("a row", `tr[data-key$='1'] td.c-p`, `//td[text()="%d"]`, `.graph svg`)
	click("pause", `.row button`, `//dd[text()="%d"]`, `dialog[open] select`)
}
