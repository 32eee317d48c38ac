package dashboard

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/dashboard/fleet"
	"github.com/sluice-project/sluice/internal/browser"
)

func TestAClusterThatIsAwayIsSeenOnEveryPage(t *testing.T) {
	hand, book := newPageHand(), busyBook(t, 2)
	looked := func(minute int, err error) { book.Looked("prod", began.Add(time.Duration(minute)*time.Minute), err) }
	looked(20, nil)
	looked(21, errors.New("connection refused"))
	server := served(t, Config{Book: book, Hand: hand, Clusters: hand, Version: "test"})
	tab := browser.Open(t, 1360, 900)
	checker := axe(t)
	const banner = "⚠ Cluster prod has not answered since 18:05:00: connection refused"
	tab.Do(t, "look from Kathmandu", emulation.SetTimezoneOverride("Asia/Kathmandu"))
	for _, p := range pages[:5] {
		var text, link string
		drawn := p.drawn
		if p.name == "cluster" {
			drawn = `section p.bad`
		}
		tab.Do(t, "open "+p.path, chromedp.Navigate(server.URL+p.path), chromedp.WaitVisible(drawn), chromedp.WaitVisible(`#away p`), chromedp.Text(`#away p`, &text), chromedp.WaitVisible(`.link.away`), chromedp.Text(`.link`, &link))
		if text != banner || link != "live, but 1 of 1 cluster away" {
			t.Errorf("%s says %q and %q, want %q", p.name, text, link, banner)
		}
		shoot(t, tab, p.name+"-away")
		accessible(t, tab, checker, p.name+" with a cluster away", "")
	}
	var states, under, stale, fresh, title string
	colour := func(into *string) chromedp.Action {
		return chromedp.Evaluate(`(s => s.color + " " + s.fontStyle)(getComputedStyle(document.querySelector("tr.job td.c-p")))`, into)
	}
	tab.Do(t, "read the job", chromedp.Navigate(server.URL+aJobsPage), chromedp.WaitVisible(`h1 + .state.away`), chromedp.WaitVisible(`.facts.stale`), chromedp.WaitVisible(`section.stale .graph svg`))
	tab.Do(t, "read the fleet", chromedp.Navigate(server.URL), chromedp.WaitVisible(`tr.job .state.away`), chromedp.Evaluate(`[...document.querySelectorAll("tr.job td.c-state")].map(e => e.textContent).join()`, &states),
		chromedp.Text(`tr.job.stale td:nth-child(2) .small`, &under), chromedp.AttributeValue(`tr.job.stale td:nth-child(2) time`, "title", &title, nil), colour(&stale))
	if states != "away,away" || !strings.HasPrefix(under, "prod · ") || !strings.HasSuffix(under, " since 18:06:00: connection refused") || !strings.HasPrefix(title, "2026-07-01T12:21:00Z") {
		t.Errorf("the fleet says %q, %q with the title %q", states, under, title)
	}
	looked(22, nil)
	tab.Do(t, "see it come back", chromedp.WaitNotPresent(`#away p`), chromedp.WaitNotPresent(`.stale`), chromedp.WaitNotPresent(`.link.away`), colour(&fresh))
	if stale == fresh {
		t.Errorf("figures are %q whether they are old or not", stale)
	}
	quiet(t, tab, "")
}

func TestAnEmptyFleetNamesWhoHasNotAnswered(t *testing.T) {
	hand, book := newPageHand(), fleet.NewBook(func() time.Time { return began })
	server := served(t, Config{Book: book, Hand: hand, Clusters: hand, Version: "test"})
	tab := browser.Open(t, 1360, 900)
	var waiting, never string
	tab.Do(t, "open a fleet before the first look", chromedp.Navigate(server.URL), chromedp.WaitVisible(`td.empty`), chromedp.Text(`td.empty`, &waiting))
	book.Looked("prod", began, errors.New("connection refused"))
	tab.Do(t, "see that the first look failed", chromedp.WaitVisible(`td.empty .line`), chromedp.Text(`td.empty`, &never))
	if !strings.HasPrefix(waiting, "No job is watched yet.") || !strings.Contains(never, "Cluster prod has not answered yet: connection refused") {
		t.Errorf("at first %q, then %q", waiting, never)
	}
	quiet(t, tab, "")
}

// silentHand is a hand on a cluster that does not answer.
type silentHand struct{ pageHand }

func (silentHand) Look(_ context.Context, name string) (ClusterView, error) {
	return ClusterView{Name: name}, errors.New("ask the cluster: no answer since 2026-07-01T12:20:00Z")
}

func TestAClusterThatDoesNotAnswerHasNoVersion(t *testing.T) {
	hand := silentHand{newPageHand()}
	server := served(t, Config{Book: busyBook(t, 1), Hand: hand, Clusters: hand, Version: "test"})
	tab := browser.Open(t, 1360, 900)
	var text string
	tab.Do(t, "open the clusters", chromedp.Navigate(server.URL+"/cluster"), chromedp.WaitVisible(`section .bad`), chromedp.Text(`main`, &text))
	if strings.Contains(text, "undefined") || strings.Contains(text, "Flink") || !strings.Contains(text, "prod") {
		t.Errorf("the page says %q", text)
	}
}

func TestTimesInSentencesAreOfTheViewersZone(t *testing.T) {
	hand := newPageHand()
	key := autoscaler.JobKey{Cluster: "prod", Job: "00000000000000000000000000000001"}
	hand.held[key] = Held{By: "local", Since: began, Text: "held by local until 2026-07-01T13:07:18Z"}
	hand.held[autoscaler.JobKey{}] = Held{By: "local", Since: began, Text: "held by local until 2026-07-02T02:07:18Z"}
	book := busyBook(t, 2)
	job := &autoscaler.JobContext{Key: key, Name: "orders-000"}
	if err := book.Handle(t.Context(), job, autoscaler.Event{At: began.Add(30 * time.Minute), Reason: "Held", Message: "metric window is full at 12:58:36 UTC, and at 2026-07-02 00:00:01 UTC; 12:00:00 is none"}); err != nil {
		t.Fatal(err)
	}
	server := served(t, Config{Book: book, Hand: hand, Version: "test"})
	tab := browser.Open(t, 1360, 900)
	var all, one, event, title, utc string
	tab.Do(t, "look from Kathmandu", emulation.SetTimezoneOverride("Asia/Kathmandu"), chromedp.Navigate(server.URL), chromedp.WaitVisible(`.held time`), chromedp.Text(`.held`, &all), chromedp.WaitVisible(`tr.job td:nth-child(2) time`),
		chromedp.Text(`tr.job td:nth-child(2) .small`, &one), chromedp.AttributeValue(`tr.job td:nth-child(2) time`, "title", &title, nil))
	tab.Do(t, "read the events", chromedp.Navigate(server.URL+"/events"), chromedp.WaitVisible(`td.text time`), chromedp.Text(`tbody tr td.text`, &event), chromedp.Click(`#zone`), chromedp.WaitVisible(`//td//time[text()="12:58:36"]`), chromedp.Text(`tbody tr td.text`, &utc))
	for _, c := range []struct{ got, want string }{
		{all, "All jobs are held by local until 2026-07-02 07:52:18."},
		{one, "prod · held by local until 18:52:18"},
		{title[:20], "2026-07-01T13:07:18Z"},
		{event, "metric window is full at 18:43:36, and at 2026-07-02 05:45:01; 12:00:00 is none"},
		{utc, "metric window is full at 12:58:36, and at 2026-07-02 00:00:01; 12:00:00 is none"},
	} {
		if !strings.Contains(c.got, c.want) {
			t.Errorf("it says %q, want %q", c.got, c.want)
		}
	}
	quiet(t, tab, "")
}
