package dashboard

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/decisions"
	"github.com/sluice-project/sluice/internal/browser"
)

const aJobsPage = "/jobs/prod/00000000000000000000000000000001"

// pageHand is a hand on a cluster with something to see.
type pageHand struct{ *fakeHand }

func newPageHand() pageHand { return pageHand{&fakeHand{held: map[autoscaler.JobKey]Held{}}} }

// bounds are those of the vertices of report.
func (pageHand) bounds() []VertexBounds {
	const group = "6b1c5fd0a1b3cdb2e3a1d0a57ecff3c1"
	return []VertexBounds{
		{Vertex: "clicks", Name: "Source: clicks", Lower: 1, Upper: 2, Parallelism: 2, MaxParallelism: 128, SharingGroup: group},
		{Vertex: "orders", Name: "Source: orders", Lower: 1, Upper: 1, Parallelism: 1, MaxParallelism: 128, SharingGroup: group},
		{Vertex: "enrich", Name: "enrich -> Filter", Lower: 1, Upper: 5, Parallelism: 4, MaxParallelism: 128, SharingGroup: group},
		{Vertex: "sink", Name: "Sink: out", Lower: 1, Upper: 1, Parallelism: 1, MaxParallelism: 128, SharingGroup: "0f1e2d3c"},
	}
}

func (h pageHand) Requirements(context.Context, autoscaler.JobKey) ([]VertexBounds, error) {
	return h.bounds(), nil
}

func (h pageHand) Look(_ context.Context, name string) (ClusterView, error) {
	v := ClusterView{Name: name, Address: "http://jm:8081", Version: "2.3.0"}
	for j := range 3 {
		v.Jobs = append(v.Jobs, JobSlots{Job: fmt.Sprintf("%032x", j+1), Name: fmt.Sprintf("orders-%03d", j), Status: "RUNNING", Vertices: h.bounds()})
	}
	for i := range 4 {
		m := TaskManagerView{ID: fmt.Sprintf("10.0.0.%d:6122-7f3a%02x", i+4, i), Slots: 4, Free: i / 3, Cores: 4, Memory: 8 << 30, Heard: began.Add(30 * time.Minute)}
		m.Jobs = []SlotsHeld{{v.Jobs[i%3].Job, v.Jobs[i%3].Name, 3 - i/3}, {v.Jobs[(i+1)%3].Job, v.Jobs[(i+1)%3].Name, 1}}
		v.TaskManagers, v.Slots, v.Free = append(v.TaskManagers, m), v.Slots+m.Slots, v.Free+m.Free
	}
	return v, nil
}

// openJob opens the page of a job, its charts drawn.
func openJob(t *testing.T) (*browser.Tab, string) {
	t.Helper()
	hand := newPageHand()
	server := served(t, Config{Book: busyBook(t, 2), Hand: hand, Clusters: hand, Version: "test"})
	tab := browser.Open(t, 1360, 1400)
	tab.Do(t, "open a job", chromedp.Navigate(server.URL+aJobsPage), chromedp.WaitVisible(`.graph svg`), chromedp.WaitVisible(`.chart[data-to]`), chromedp.WaitVisible(`.mark`))
	return tab, server.URL
}

// shown is the time that every chart shows, in s since 1970; they are to agree.
func shown(t *testing.T, tab *browser.Tab) (from, to float64) {
	t.Helper()
	var all [][]float64
	tab.Do(t, "read the axes", chromedp.Evaluate(`[...document.querySelectorAll(".chart")].map(c => [+c.dataset.from, +c.dataset.to])`, &all))
	if len(all) != 6 {
		t.Fatalf("%d charts, want 6", len(all))
	}
	for i, one := range all {
		if one[0] != all[0][0] || one[1] != all[0][1] {
			t.Errorf("chart %d shows %v, the first %v", i, one, all[0])
		}
	}
	return all[0][0], all[0][1]
}

// spanning waits until the charts show so many seconds, and tells from when.
func spanning(t *testing.T, tab *browser.Tab, seconds, within float64) float64 {
	t.Helper()
	tab.Do(t, fmt.Sprintf("wait for charts of %.0f s", seconds), chromedp.Poll(fmt.Sprintf(`[...document.querySelectorAll(".chart")].every(c => Math.abs(c.dataset.to - c.dataset.from - %f) <= %f)`, seconds, within), nil, chromedp.WithPollingTimeout(20*time.Second)))
	from, _ := shown(t, tab)
	return from
}

// over is where a chart is plotted: the left edge, the middle from above, and the width.
func over(t *testing.T, tab *browser.Tab, chart int) (x, y, width float64) {
	t.Helper()
	var place []float64
	tab.Do(t, "find a chart", chromedp.Evaluate(fmt.Sprintf(`(() => { const o = document.querySelectorAll(".chart .u-over")[%d]; o.scrollIntoView({block: "center"}); const r = o.getBoundingClientRect(); return [r.left, r.top + r.height / 2, r.width]; })()`, chart), &place))
	return place[0], place[1], place[2]
}

func mouse(kind input.MouseType, x, y float64, clicks int64) chromedp.Action {
	p := input.DispatchMouseEvent(kind, x, y).WithClickCount(clicks)
	if kind != input.MouseMoved || clicks > 0 {
		p = p.WithButton(input.Left).WithButtons(1)
	}
	return p
}

func TestTheChartsZoomTogether(t *testing.T) {
	tab, _ := openJob(t)
	begun := spanning(t, tab, 1800, 1)
	x, y, width := over(t, tab, 3)
	tab.Do(t, "drag over the middle half of the fourth chart", mouse(input.MousePressed, x+width/4, y, 1), mouse(input.MouseMoved, x+width/2, y, 1),
		mouse(input.MouseMoved, x+width*3/4, y, 1), mouse(input.MouseReleased, x+width*3/4, y, 1))
	if from := spanning(t, tab, 900, 15); from-begun < 435 || from-begun > 465 {
		t.Errorf("a drag from a quarter on shows what is %.0f s after the start, want 450", from-begun)
	}
	x, y, width = over(t, tab, 0)
	tab.Do(t, "click twice", mouse(input.MousePressed, x+width/3, y, 1), mouse(input.MouseReleased, x+width/3, y, 1), mouse(input.MousePressed, x+width/3, y, 2), mouse(input.MouseReleased, x+width/3, y, 2))
	spanning(t, tab, 1800, 1)
	for _, step := range []struct {
		key     string
		seconds float64
	}{{"+", 900}, {"+", 450}, {"-", 900}, {"0", 1800}, {"+", 900}, {kb.Escape, 1800}} {
		tab.Do(t, "press "+step.key, chromedp.KeyEvent(step.key))
		spanning(t, tab, step.seconds, 1)
	}
	tab.Do(t, "zoom by a button", chromedp.Click(`button[title="Zoom in"]`))
	from := spanning(t, tab, 900, 1)
	tab.Do(t, "go on in time by keys", chromedp.Focus(`.charts`), chromedp.KeyEvent(kb.ArrowRight, chromedp.KeyModifiers(input.ModifierShift)))
	tab.Do(t, "wait for it", chromedp.Poll(fmt.Sprintf(`+document.querySelector(".chart").dataset.from === %f`, from+225), nil, chromedp.WithPollingTimeout(20*time.Second)))
	quiet(t, tab, "")
}

func TestTheCrosshairGoesThroughAllCharts(t *testing.T) {
	tab, _ := openJob(t)
	x, y, width := over(t, tab, 2)
	var before, after, stamp string
	values := func(into *string) chromedp.Action {
		return chromedp.Evaluate(`[...document.querySelectorAll(".chart .value b")].map(b => b.textContent).join(" ")`, into)
	}
	var lines []float64
	tab.Do(t, "point at the first third of the third chart", values(&before), mouse(input.MouseMoved, x+width/3, y, 0), chromedp.WaitVisible(`.stamp.on`), values(&after), chromedp.Text(`.stamp`, &stamp),
		chromedp.Evaluate(`[...document.querySelectorAll(".u-cursor-x")].map(l => l.classList.contains("u-off") ? -1 : l.getBoundingClientRect().left)`, &lines))
	if stamp != "2026-07-01 12:10:00" {
		t.Errorf("the crosshair says %q, want 2026-07-01 12:10:00", stamp)
	}
	for i, left := range lines {
		if left < x+width/3-2 || left > x+width/3+2 {
			t.Errorf("in chart %d the crosshair is at %.0f, want %.0f", i, left, x+width/3)
		}
	}
	if len(lines) != 6 || before == after || strings.Contains(after, "–") {
		t.Errorf("%d crosshairs, values %q and then %q", len(lines), before, after)
	}

	var heard string
	tab.Do(t, "go back from the newest by keys", mouse(input.MouseMoved, 5, 5, 0), chromedp.WaitNotPresent(`.stamp.on`), chromedp.Focus(`.charts`), chromedp.KeyEvent(kb.ArrowLeft),
		chromedp.KeyEvent(kb.ArrowLeft), chromedp.KeyEvent(kb.ArrowLeft), chromedp.Text(`.stamp`, &stamp), chromedp.TextContent(`.charts .unseen`, &heard))
	if stamp != "2026-07-01 12:29:30" || !strings.HasPrefix(heard, stamp+": reads ") || !strings.Contains(heard, "in this view 2") {
		t.Errorf("three steps from the end the crosshair says %q, and a screen reader hears %q", stamp, heard)
	}
	quiet(t, tab, "")
}

func TestADecisionIsReachedByKeys(t *testing.T) {
	tab, url := openJob(t)
	var label, first, told, address string
	tab.Do(t, "go to the marks and along them", chromedp.Focus(`.charts`), chromedp.KeyEvent(kb.Tab), chromedp.Evaluate(`document.activeElement.getAttribute("aria-label")`, &label),
		chromedp.KeyEvent(kb.ArrowLeft), chromedp.KeyEvent(kb.ArrowLeft), chromedp.Evaluate(`document.activeElement.getAttribute("aria-label")`, &first))
	if label != "Rescale at 2026-07-01 12:29:50: enrich -> Filter 4 → 5" || first != "Rescale at 2026-07-01 12:09:50: enrich -> Filter 2 → 3" {
		t.Errorf("the last mark is %q, and the first %q", label, first)
	}
	tab.Do(t, "open it", chromedp.KeyEvent(kb.Enter), chromedp.WaitVisible(`.story`), chromedp.Text(`.story`, &told), chromedp.Location(&address))
	at := -1
	for _, part := range []string{"Measured", "busy", "runs at", "Target", "▲ 2 → 4", "Limits", "step factor", "▼ 4 → 3", "Result", "comes to"} {
		next := strings.Index(told, part)
		if next < at {
			t.Errorf("%q is missing, or stands in another order, in %q", part, told)
		}
		at = next
	}
	if address != url+aJobsPage+"?decision=2" {
		t.Errorf("the address is %s", address)
	}
	var again string
	tab.Do(t, "come back to the address", chromedp.Navigate(address), chromedp.WaitVisible(`.story`), chromedp.Text(`.story h3`, &again), chromedp.WaitVisible(`.mark.on`))
	if !strings.Contains(again, "2 → 3") {
		t.Errorf("at its address another decision is open: %q", again)
	}
	quiet(t, tab, "")
}

func TestVerticesShowTheirBounds(t *testing.T) {
	tab, _ := openJob(t)
	var drawn string
	tab.Do(t, "read the dataflow", chromedp.WaitVisible(`//*[name()="text"][text()="bounds 1 to 5"]`), chromedp.TextContent(`.graph svg`, &drawn))
	for _, text := range []string{"bounds 1 to 2", "max 128", "×4 → 5", "back-pressured 40 %"} {
		if !strings.Contains(drawn, text) {
			t.Errorf("%q is missing in %q", text, drawn)
		}
	}
}

func TestAClusterShowsWhoHoldsItsSlots(t *testing.T) {
	hand := newPageHand()
	server := served(t, Config{Book: busyBook(t, 3), Hand: hand, Clusters: hand, Version: "test"})
	tab := browser.Open(t, 1360, 900)
	var label, page string
	tab.Do(t, "open the clusters", chromedp.Navigate(server.URL+"/cluster"), chromedp.WaitVisible(`.tm .one`), chromedp.AttributeValue(`.tm .one .slots`, "aria-label", &label, nil), chromedp.Text(`main`, &page))
	if want := "4 of 4 slots are used: 3 by orders-000, 1 by orders-001"; label != want {
		t.Errorf("the first TaskManager's slots are told as %q, want %q", label, want)
	}
	for _, text := range []string{"15 of 16 slots are used, on 4 TaskManagers", "6b1c5fd0", "1 to 5", "4 of 5", "✓ all of it"} {
		if !strings.Contains(page, text) {
			t.Errorf("%q is missing", text)
		}
	}
	quiet(t, tab, "")
}

func TestARescaleByHandIsAmongTheDecisions(t *testing.T) {
	book := busyBook(t, 1)
	key := autoscaler.JobKey{Cluster: "prod", Job: "00000000000000000000000000000001"}
	entry := decisions.NewByHand(key, "orders-000", began.Add(30*time.Minute), "anna", "", []decisions.Vertex{{ID: "enrich", Name: "enrich", From: 4, To: 6}, {ID: "sink", Name: "sink", From: 1, To: 1}},
		[]decisions.SetBounds{{Vertex: "enrich", Name: "enrich", Before: decisions.Bounds{Lower: 1, Upper: 4}, After: decisions.Bounds{Lower: 6, Upper: 6}}})
	if err := book.RecordByHand(t.Context(), key, entry); err != nil {
		t.Fatal(err)
	}
	server := served(t, Config{Book: book, Version: "test"})
	tab := browser.Open(t, 1360, 900)
	var listed, told string
	tab.Do(t, "open the job", chromedp.Navigate(server.URL+aJobsPage), chromedp.WaitVisible(`.mark`), chromedp.Text(`.list li:nth-child(1) button`, &listed),
		chromedp.Click(`.list li:nth-child(1) button`), chromedp.WaitVisible(`.story`), chromedp.Text(`.told`, &told))
	if !strings.HasPrefix(listed, "▲") || !strings.Contains(listed, "rescale enrich 4 → 6, by hand of anna") || !strings.Contains(told, "Set by hand") || !strings.Contains(told, "bounds 1:4 -> 6:6, set by anna") || strings.Contains(told, "Measured") {
		t.Errorf("the list says %q, and the decision %q", listed, told)
	}
	quiet(t, tab, "")
}
