package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/sluice-project/sluice/internal/browser"
)

// demoJob is the job of a demo as its page and its cluster know it.
type demoJob struct {
	page, cluster *server
	path, id      string
}

func demoInBrowser(t *testing.T, speed string) (*demoJob, *browser.Tab) {
	t.Helper()
	tab := browser.Open(t, 1360, 900) // first, since without a browser nothing is started
	d := &demoJob{page: startServer(t, "demo", "--speed", speed, "--listen", ":0")}
	d.page.mu.Lock()
	d.cluster = &server{t: t, address: atAddress.FindAllString(d.page.stdout.String(), 2)[1]}
	d.page.mu.Unlock()
	eventually(t, "the page shows the job", func() bool {
		var answer struct {
			Jobs []struct{ Cluster, Job string }
		}
		if json.Unmarshal([]byte(d.page.get("/api/v1/jobs")), &answer) != nil || len(answer.Jobs) != 1 {
			return false
		}
		d.id = answer.Jobs[0].Job
		d.path = "/jobs/" + answer.Jobs[0].Cluster + "/" + d.id
		return true
	})
	return d, tab
}

// rescales counts the rescales that the page knows of.
func (d *demoJob) rescales(t *testing.T) int {
	t.Helper()
	var answer struct{ Decisions []struct{ Action string } }
	if err := json.Unmarshal([]byte(d.page.get("/api/v1"+d.path+"/decisions?limit=1000")), &answer); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, decision := range answer.Decisions {
		if decision.Action == "scale" {
			n++
		}
	}
	return n
}

func (d *demoJob) clock(t *testing.T) time.Time {
	t.Helper()
	var answer struct{ Now time.Time }
	if err := json.Unmarshal([]byte(d.page.get("/api/v1/whoami")), &answer); err != nil {
		t.Fatal(err)
	}
	return answer.Now
}

// A person watches the demo, reads why it was rescaled, pauses it, and rescales it by
// hand.
func TestThePageOfTheDemo(t *testing.T) {
	d, tab := demoInBrowser(t, "600")
	eventually(t, "the first rescale", func() bool { return d.rescales(t) > 0 })

	tab.Do(t, "find the job in the fleet", chromedp.Navigate(d.page.address), chromedp.WaitVisible(`tr.job a`), chromedp.Click(`tr.job a`))
	var told string
	tab.Do(t, "open a rescale and read why", chromedp.WaitVisible(`.graph svg`), chromedp.WaitVisible(`//li//button[strong[text()="rescale"]]`),
		chromedp.Click(`//li//button[strong[text()="rescale"]]`), chromedp.WaitVisible(`.story`), chromedp.Text(`.story`, &told))
	if !strings.Contains(told, "Result") || !strings.Contains(told, "/s") {
		t.Errorf("the explanation reads %q", told)
	}

	var slots string
	tab.Do(t, "see who holds the slots, and come back", chromedp.KeyEvent("c"), chromedp.WaitVisible(`.tm .one .slots i.used`), chromedp.AttributeValue(`.tm .one .slots`, "aria-label", &slots, nil),
		chromedp.NavigateBack(), chromedp.WaitVisible(`//*[name()="text"][starts-with(text(), "bounds 1 to")]`))
	if !strings.Contains(slots, " by shop") {
		t.Errorf("the slots of the first TaskManager are told as %q", slots)
	}
	tab.Do(t, "see the restarts of the day", chromedp.Click(`//button[text()="3 d"]`), chromedp.Poll(`+document.querySelectorAll(".chart")[4].querySelector(".value b").textContent > 0`, nil))

	tab.Do(t, "pause the job", chromedp.Click(`//button[text()="Pause…"]`), chromedp.WaitVisible(`dialog[open] select`),
		chromedp.SetValue(`#for`, ""), chromedp.SendKeys(`#why`, "the test"), chromedp.Click(`dialog button[type=submit]`), chromedp.WaitVisible(`//button[text()="Resume"]`))
	eventually(t, "the job is paused", func() bool { return strings.Contains(d.page.get("/api/v1"+d.path), `"state":"paused"`) })
	before, since := d.rescales(t), d.clock(t)
	eventually(t, "three hours pass", func() bool { return d.clock(t).Sub(since) > 3*time.Hour })
	if after := d.rescales(t); after != before {
		t.Errorf("while it was paused it was rescaled %d times", after-before)
	}

	var vertex string
	tab.Do(t, "rescale it by hand", chromedp.Click(`//button[text()="Rescale…"]`), chromedp.WaitVisible(`dialog[open] input[name^=upper]`),
		chromedp.AttributeValue(`dialog input[name^=upper]`, "name", &vertex, nil),
		chromedp.SetValue(`dialog input[name^=upper]`, "3"), chromedp.SetValue(`dialog input[name^=lower]`, "3"),
		chromedp.Click(`dialog button[type=submit]`), chromedp.WaitNotPresent(`dialog[open]`))
	vertex = strings.TrimPrefix(vertex, "upper-")
	want := fmt.Sprintf(`"%s":{"parallelism":{"lowerBound":3,"upperBound":3}}`, vertex)
	eventually(t, "the bounds arrive in the cluster", func() bool {
		return strings.Contains(d.cluster.get("/jobs/"+d.id+"/resource-requirements"), want)
	})
	if events := d.page.get("/api/v1" + d.path + "/events"); !strings.Contains(events, "bounds set by local") {
		t.Errorf("the act is not told: %s", events)
	}
	if faults := tab.Faults(); len(faults) > 0 {
		t.Errorf("the console says %q", faults)
	}
}

// pictures is read before the tests clear what would set options.
var pictures = os.Getenv("SLUICE_PICTURES")

// The pictures of the README, where a folder for them is named: make screenshots.
func TestPicturesOfTheDemo(t *testing.T) {
	if pictures == "" {
		t.Skip("SLUICE_PICTURES names no folder for them")
	}
	d, tab := demoInBrowser(t, "400") // which leaves a minute for the pictures before the day is over
	begun := d.clock(t)
	tab.Do(t, "wait for the afternoon", chromedp.Navigate(d.page.address+d.path), chromedp.WaitVisible(`.graph svg`))
	for d.clock(t).Sub(begun) < 16*time.Hour {
		tab.Do(t, "let time pass", chromedp.Sleep(time.Second))
	}
	rescale := `//li//button[strong[text()="rescale"]]`
	for _, p := range []struct {
		name, path string
		high       int64
		actions    []chromedp.Action
	}{
		{"job", d.path, 1480, []chromedp.Action{chromedp.WaitVisible(`.graph svg`), chromedp.Click(`//button[text()="12 h"]`), chromedp.WaitVisible(`.mark`)}},
		{"decision", d.path, 1000, []chromedp.Action{
			chromedp.WaitVisible(rescale), chromedp.Click(`//button[text()="12 h"]`), chromedp.Click(rescale), chromedp.WaitVisible(`.story`),
			chromedp.Evaluate(`window.scrollTo(0, document.querySelector(".columns").getBoundingClientRect().top + window.scrollY - 60)`, nil),
		}},
		{"cluster", "/cluster", 1000, []chromedp.Action{chromedp.WaitVisible(`.tm .one`)}},
		{"events", "/events", 900, []chromedp.Action{chromedp.WaitVisible(`tbody tr`)}},
		{"config", "/config", 900, []chromedp.Action{chromedp.WaitVisible(`.tools`), chromedp.Click(`#all`), chromedp.WaitVisible(`tbody tr`)}},
	} {
		for _, theme := range []string{"light", "dark"} {
			actions := []chromedp.Action{chromedp.EmulateViewport(1360, p.high), emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: theme}}), chromedp.Navigate(d.page.address + p.path)}
			var picture []byte
			tab.Do(t, "take a picture of "+p.name, append(append(actions, p.actions...), chromedp.Sleep(time.Second), chromedp.CaptureScreenshot(&picture))...)
			if err := browser.WritePicture(filepath.Join(pictures, p.name+"-"+theme+".png"), picture); err != nil {
				t.Fatal(err)
			}
		}
	}
}
