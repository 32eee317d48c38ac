package dashboard

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/dashboard/fleet"
	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/internal/browser"
	"github.com/sluice-project/sluice/scaling"
)

// shots is a folder for pictures of the pages, where one is asked for.
var shots = os.Getenv("SLUICE_SCREENSHOTS")

func shoot(t *testing.T, tab *browser.Tab, name string) {
	t.Helper()
	if shots == "" {
		return
	}
	var picture []byte
	tab.Do(t, "take a picture", chromedp.FullScreenshot(&picture, 100))
	if err := os.WriteFile(filepath.Join(shots, name+".png"), picture, 0o644); err != nil {
		t.Fatal(err)
	}
}

var began = time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)

// busyBook has so many jobs with half an hour of load each, of a pass every 10 s.
func busyBook(t testing.TB, jobs int) *fleet.Book {
	t.Helper()
	return bookOf(t, jobs, 180)
}

// bookOf has so many passes over half an hour.
func bookOf(t testing.TB, jobs, passes int) *fleet.Book {
	t.Helper()
	b := fleet.NewBook(func() time.Time { return began.Add(30 * time.Minute) })
	for j := range jobs {
		key := autoscaler.JobKey{Cluster: "prod", Job: flink.JobID(fmt.Sprintf("%032x", j+1))}
		name := fmt.Sprintf("orders-%03d", j)
		third := passes / 3
		for i := range passes {
			at := began.Add(time.Duration(i) * 30 * time.Minute / time.Duration(passes))
			rate := 1000 + 600*math.Sin(float64(i)*180/float64(passes)/40+float64(j))
			p := 2 + i/third
			r := report(key, name, at, rate, p)
			r.RunningSince = began.Add(time.Duration(i/third) * 10 * time.Minute)
			if i%third == third-1 {
				r.Decision.Scale, r.Decision.Reason, r.Scaled = true, scaling.ReasonScale, true
				v := &r.Decision.Vertices[2]
				v.To, v.Recommended, v.Reason = p+1, p+1, scaling.ReasonScaleUp
				v.Guards = []scaling.Guard{{Rule: scaling.RuleDemand, Before: p, After: p + 2, Have: 900 * float64(p), Limit: 900*float64(p) + 1500}, {Rule: scaling.RuleStep, Before: p + 2, After: p + 1, Have: 2, Limit: 1.5}}
			}
			if j%7 == 3 {
				r.Obstacle = autoscaler.Obstacle{Reason: "checkpoint-too-old", Text: "the newest checkpoint is 12m old"}
			}
			if err := b.Record(t.Context(), &autoscaler.JobContext{Key: key, Name: name}, r); err != nil {
				t.Fatal(err)
			}
			if r.Scaled {
				if err := b.Handle(t.Context(), &autoscaler.JobContext{Key: key, Name: name}, autoscaler.Event{At: at, Type: autoscaler.EventNormal, Reason: autoscaler.EventScalingReport, Message: "Scaling execution enabled, begin scaling vertices"}); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	return b
}

func report(key autoscaler.JobKey, name string, at time.Time, rate float64, p int) *autoscaler.Report {
	topology, err := scaling.NewTopology([]scaling.Vertex{
		{ID: "clicks", Name: "Source: clicks", Parallelism: 2, MaxParallelism: 128},
		{ID: "orders", Name: "Source: orders", Parallelism: 1, MaxParallelism: 128},
		{ID: "enrich", Name: "enrich -> Filter", Parallelism: p, MaxParallelism: 128, Inputs: []scaling.Edge{{From: "clicks", Ship: scaling.ShipHash}, {From: "orders", Ship: scaling.ShipHash}}},
		{ID: "sink", Name: "Sink: out", Parallelism: 1, MaxParallelism: 128, Inputs: []scaling.Edge{{From: "enrich", Ship: scaling.ShipRebalance}}},
	})
	if err != nil {
		panic(err)
	}
	r := &autoscaler.Report{
		Job: key, Name: name, At: at, Topology: topology, Window: scaling.Fullness{Full: true},
		Evaluation: &scaling.Evaluation{At: at, Terms: scaling.Terms{Target: 0.7, Min: 0.4, Max: 0.9}},
		Decision:   scaling.Decision{At: at, Reason: scaling.ReasonWithinBounds},
	}
	for i := range topology.Vertices {
		v := &topology.Vertices[i]
		load := []float64{0.3, 0.1, rate / (900 * float64(p)), 0.05}[i]
		r.Evaluation.Vertices = append(r.Evaluation.Vertices, scaling.VertexEvaluation{
			Vertex: v.ID, Name: v.Name, Parallelism: v.Parallelism, MaxParallelism: v.MaxParallelism, Load: load, TrueProcessingRate: rate / load,
			TargetRate: rate, PeakRate: rate * 1.05, HasLag: i < 2, Lag: float64(i) * 100, ScaleUpThreshold: rate / 0.9, ScaleDownThreshold: rate / 0.4,
			Rates: scaling.Rates{In: rate, Busy: load, ProcessedIn: rate, Observed: math.NaN(), Backpressured: []float64{0.4, 0.2, 0, 0}[i]},
		})
		r.Decision.Vertices = append(r.Decision.Vertices, scaling.VertexDecision{Vertex: v.ID, Name: v.Name, From: v.Parallelism, To: v.Parallelism, Recommended: v.Parallelism, Reason: scaling.ReasonSteady})
	}
	return r
}

// newDashboard is one whose clock stands at the end of the book.
func newDashboard(t testing.TB, c Config) *Dashboard {
	t.Helper()
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = func() time.Time { return began.Add(30 * time.Minute) }
	}
	d, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// served is a dashboard on loopback.
func served(t *testing.T, c Config) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(newDashboard(t, c))
	t.Cleanup(server.Close)
	t.Cleanup(server.CloseClientConnections) // event streams never end by themselves
	return server
}

// pages are the paths of all pages, and what is there once they are drawn.
var pages = []struct{ name, path, drawn string }{
	{"fleet", "/", `tr.job`},
	{"job", "/jobs/prod/00000000000000000000000000000001", `.list button`},
	{"cluster", "/cluster", `.tm .one`},
	{"events", "/events", `tbody tr`},
	{"config", "/config", `.tools`},
	{"nowhere", "/jobs/prod/none", `h1`},
	{"no-page", "/flet", `h1`},
}

func TestPagesAreDrawnInLightAndDark(t *testing.T) {
	hand := newPageHand()
	server := served(t, Config{Book: busyBook(t, 12), Hand: hand, Clusters: hand, Version: "test"})
	tab := browser.Open(t, 1360, 900)
	checker := axe(t)
	for _, p := range pages {
		tab.Do(t, "open "+p.path, scheme("light"), chromedp.Navigate(server.URL+p.path), chromedp.WaitVisible(p.drawn))
		if p.name == "job" {
			tab.Do(t, "open a decision", chromedp.Click(`.list li:nth-child(1) button`), chromedp.WaitVisible(`.story`))
		}
		shoot(t, tab, p.name+"-light")
		accessible(t, tab, checker, p.name, "")
		tab.Do(t, "switch to dark", scheme("dark"))
		shoot(t, tab, p.name+"-dark")
		accessible(t, tab, checker, p.name+" in dark", "color-contrast") // the rest is the same
	}
	tab.Do(t, "open a dialog", chromedp.Navigate(server.URL+pages[1].path), chromedp.WaitVisible(`.graph svg`),
		chromedp.Click(`//button[text()="Rescale…"]`), chromedp.WaitVisible(`dialog[open] input`))
	shoot(t, tab, "rescale")
	accessible(t, tab, checker, "the dialog of a rescale", "")
	quiet(t, tab, "404") // the job and the page that are not there
}

// scheme is whether the system is light or dark.
func scheme(theme string) chromedp.Action {
	return emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: theme}})
}

// quiet fails on what the console says, but for what contains the text.
func quiet(t *testing.T, tab *browser.Tab, but string) {
	t.Helper()
	for _, fault := range tab.Faults() {
		if but == "" || !strings.Contains(fault, but) {
			t.Errorf("the console says %q", fault)
		}
	}
}

// axe is the source of axe-core, which finds what keeps people out (MPL-2.0,
// github.com/dequelabs/axe-core).
func axe(t *testing.T) string {
	t.Helper()
	file, err := os.Open("testdata/axe.min.js.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	unpacked, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(unpacked)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// accessible fails on what is serious or critical of the page as it stands; by one
// rule, or by all without one.
func accessible(t *testing.T, tab *browser.Tab, checker, what, rule string) {
	t.Helper()
	options := `{resultTypes: ["violations"]}`
	if rule != "" {
		options = fmt.Sprintf(`{resultTypes: ["violations"], runOnly: [%q]}`, rule)
	}
	var found []string
	tab.Do(t, "check "+what, chromedp.Evaluate(`"axe" in window || (() => {`+checker+`})()`, nil), chromedp.Evaluate(`axe.run(document, `+options+`).then(r => r.violations.filter(v => v.impact === "serious" || v.impact === "critical").map(v => v.id + ": " + v.help + ": " + v.nodes.slice(0, 3).map(n => n.html.slice(0, 200) + " " + n.any.map(a => a.message).join(" ")).join(" | ")))`, &found,
		func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }))
	for _, violation := range found {
		t.Errorf("%s: %s", what, violation)
	}
}

func TestPagesFitAPhone(t *testing.T) {
	hand := newPageHand()
	server := served(t, Config{Book: busyBook(t, 3), Hand: hand, Clusters: hand, Version: "test"})
	tab := browser.Open(t, 390, 844)
	for _, p := range pages {
		var wide float64
		tab.Do(t, "open "+p.path, chromedp.Navigate(server.URL+p.path), chromedp.WaitVisible(p.drawn),
			chromedp.Evaluate(`document.documentElement.scrollWidth - document.documentElement.clientWidth`, &wide))
		shoot(t, tab, p.name+"-phone")
		if wide > 0 {
			t.Errorf("%s is %.0f pixels wider than the screen", p.name, wide)
		}
	}
}

func TestNamesOfOthersShowAsText(t *testing.T) {
	const name = `<img src=x onerror="document.title='broken into'"> \u0000 & "quoted" '; drop` + "\u202e\x07"
	long := name + strings.Repeat(" long", 2000)
	book := fleet.NewBook(func() time.Time { return began.Add(time.Minute) })
	for i, n := range []string{name, long} {
		key := autoscaler.JobKey{Cluster: `<b>prod</b>`, Job: flink.JobID(fmt.Sprint("j", i))}
		r := report(key, n, began, 1000, 2)
		r.Evaluation.Vertices[0].Name, r.Decision.Detail = n, n
		job := &autoscaler.JobContext{Key: key, Name: n}
		if err := errors.Join(book.Record(t.Context(), job, r), book.Handle(t.Context(), job, autoscaler.Event{At: began, Reason: n, Message: n})); err != nil {
			t.Fatal(err)
		}
	}
	server := served(t, Config{Book: book, Version: "test"})
	tab := browser.Open(t, 1360, 900)
	for _, path := range []string{"/", "/jobs/%3Cb%3Eprod%3C%2Fb%3E/j1", "/events"} {
		var images int
		var title, body string
		tab.Do(t, "open "+path, chromedp.Navigate(server.URL+path), chromedp.WaitVisible(`main h1`), chromedp.WaitReady(`tr, .graph svg`),
			chromedp.Evaluate(`document.querySelectorAll("main img, main b > b").length`, &images), chromedp.Title(&title), chromedp.Text(`main`, &body))
		if images > 0 || title == "broken into" || !strings.Contains(body, "<img src=x") {
			t.Errorf("%s: %d images, title %.80q, text %.200q", path, images, title, body)
		}
	}
	quiet(t, tab, "")
}

func TestThePageGoesOnAfterARestart(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	start := func(l net.Listener, jobs int) func() {
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan error, 1)
		go func() {
			ended <- Serve(ctx, l, nil, newDashboard(t, Config{Book: busyBook(t, jobs), Version: "test", Access: tokens, Now: time.Now}))
		}()
		return func() {
			cancel()
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
	}
	stop := start(listener, 1)
	tab := browser.Open(t, 1360, 900)
	tab.Do(t, "sign in", chromedp.Navigate("http://"+address+"/"), chromedp.WaitVisible(`#token`), chromedp.SendKeys(`#token`, viewerToken+"\n"), chromedp.WaitVisible(`tr.job`))
	stop()
	tab.Do(t, "notice that nobody answers", chromedp.WaitVisible(`.link.off`))
	if listener, err = net.Listen("tcp", address); err != nil {
		t.Fatal(err)
	}
	defer start(listener, 2)()
	tab.Do(t, "go on with another process", chromedp.WaitVisible(`tr.job:nth-child(3)`), chromedp.WaitNotPresent(`.link.off`))
}

func TestTheFleetLeadsToADecision(t *testing.T) {
	server := served(t, Config{Book: busyBook(t, 3), Version: "test"})
	tab := browser.Open(t, 1360, 900)
	tab.Do(t, "open the fleet", chromedp.Navigate(server.URL), chromedp.WaitVisible(`tr.job`))
	tab.Do(t, "open a job", chromedp.Click(`tr.job a`), chromedp.WaitVisible(`.graph svg`), chromedp.WaitVisible(`.list button`))
	tab.Do(t, "open a decision", chromedp.Click(`.list li:nth-child(1) button`), chromedp.WaitVisible(`.story`))
	if faults := tab.Faults(); len(faults) > 0 {
		t.Errorf("the console says %q", faults)
	}
}
