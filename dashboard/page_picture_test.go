package dashboard

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/dashboard/fleet"
	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/internal/browser"
	"github.com/sluice-project/sluice/scaling"
)

// pictures is the folder for the README's pictures: make screenshots.
var pictures = os.Getenv("SLUICE_PICTURES")

// shopJobs are made up: a fleet in which there is something of each state.
var shopJobs = []struct {
	cluster, name string
	rate, swing   float64
	parallelism   int
	change        func(*autoscaler.Report)
}{
	{"eu", "checkout-events", 1200, 500, 3, nil},
	{"eu", "clicks-to-sessions", 5200, 2100, 9, func(r *autoscaler.Report) {
		r.Act = &autoscaler.Act{Phase: autoscaler.PhaseRequested, Decided: r.At}
	}},
	{"eu", "fraud-scores", 420, 260, 1, nil},
	{"eu", "invoices", 80, 10, 1, func(r *autoscaler.Report) {
		r.Scope, r.Why = autoscaler.ScopeReport, "the job runs in Reactive Mode, which takes every slot there is"
	}},
	{"eu", "orders-enriched", 2600, 900, 5, func(r *autoscaler.Report) {
		r.Obstacle = autoscaler.Obstacle{Reason: "checkpoint-too-old", Text: "the newest checkpoint is 12m old"}
	}},
	{"eu", "stock-levels", 900, 80, 2, nil},
	{"us", "ad-impressions", 11000, 3500, 17, func(r *autoscaler.Report) { r.Evaluation.Backlog = true }},
	{"us", "billing-meter", 640, 60, 2, func(r *autoscaler.Report) {
		r.Held = autoscaler.Obstacle{Reason: autoscaler.ReasonHeld, Text: "held by anna (release of 3.1) until 14:00"}
	}},
	{"us", "device-telemetry", 7400, 600, 12, nil},
	{"us", "feature-store", 1800, 700, 4, func(r *autoscaler.Report) {
		v := &r.Decision.Vertices[2]
		v.Reason, v.Recommended = scaling.ReasonDelayed, v.From-1
	}},
	{"us", "recommendations", 3300, 1300, 6, nil},
	{"us", "search-index", 2100, 150, 4, func(r *autoscaler.Report) { r.Decision.Reason = scaling.ReasonWindowNotFull }},
	{"us", "shipments", 350, 120, 1, nil},
}

func shopBook(t *testing.T) *fleet.Book {
	t.Helper()
	b := fleet.NewBook(func() time.Time { return began.Add(30 * time.Minute) })
	for j, c := range shopJobs {
		key := autoscaler.JobKey{Cluster: c.cluster, Job: flink.JobID(fmt.Sprintf("%032x", 0x6b1c5fd0a1+j*0x3cdb2e3a))}
		job := &autoscaler.JobContext{Key: key, Name: c.name}
		rescaled := 40 + 17*j%120
		for i := range 180 {
			p := max(1, c.parallelism-1)
			if i > rescaled {
				p = c.parallelism
			}
			r := report(key, c.name, began.Add(time.Duration(i)*10*time.Second), c.rate+c.swing*math.Sin(float64(i)/30+float64(j)), p)
			if i == rescaled && p != c.parallelism {
				r.Decision.Scale, r.Decision.Reason, r.Scaled = true, scaling.ReasonScale, true
				r.Decision.Vertices[2].To, r.Decision.Vertices[2].Reason = c.parallelism, scaling.ReasonScaleUp
			}
			if i > 170 && c.change != nil {
				c.change(r)
			}
			if err := b.Record(t.Context(), job, r); err != nil {
				t.Fatal(err)
			}
		}
	}
	return b
}

// The picture of a fleet, where a folder for it is named: make screenshots.
func TestPicturesOfAFleet(t *testing.T) {
	if pictures == "" {
		t.Skip("SLUICE_PICTURES names no folder for them")
	}
	server := served(t, Config{Book: shopBook(t), Hand: newPageHand(), Version: "dev"})
	tab := browser.Open(t, 1360, 880)
	for _, theme := range []string{"light", "dark"} {
		var picture []byte
		tab.Do(t, "take a picture", scheme(theme), chromedp.Navigate(server.URL), chromedp.WaitVisible(`tr.job`), chromedp.CaptureScreenshot(&picture))
		if err := browser.WritePicture(filepath.Join(pictures, "fleet-"+theme+".png"), picture); err != nil {
			t.Fatal(err)
		}
	}
}
