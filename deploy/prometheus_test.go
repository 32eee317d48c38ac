// Package deploy holds what is put beside a running Sluice: alerts and a scrape
// configuration for Prometheus, a dashboard for Grafana, a unit for systemd. Its
// tests have a real Prometheus run the first three.
package deploy

import (
	"fmt"
	"maps"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluice-project/sluice/internal/realprometheus"
)

const (
	rulesFile  = "prometheus/rules.yaml"
	scrapeFile = "prometheus/scrape.yaml"
	// within is for a busy machine; idle, what is waited for takes seconds.
	within = 40 * time.Second
)

func TestAlertsAndDashboardInARealPrometheus(t *testing.T) {
	realprometheus.CheckRules(t, rulesFile)
	w := newWorld(t)
	w.live()
	served := httptest.NewServer(w.metrics.Handler())
	defer served.Close()
	p := start(t, served.Listener.Addr().String())

	eventually(t, "each query of the dashboard has series, and no alert fires", func() []string {
		return append(emptyQueries(t, p), others(t, p, nil)...)
	})
	w.spoil()
	all := alertsOf(t)
	down := func(name string) bool { return name == "SluiceDown" }
	eventually(t, "every alert fires but for the one that is for the end", func() []string {
		return others(t, p, slices.DeleteFunc(slices.Clone(all), down))
	})
	served.Close()
	eventually(t, "Sluice is found to be down", func() []string {
		rules, err := p.Rules()
		if err != nil || rules["SluiceDown"].State != "firing" {
			return []string{fmt.Sprintf("%+v, %v", rules["SluiceDown"], err)}
		}
		return nil
	})
}

// start runs a Prometheus with our files, but for the address, and everything at the
// pace of a test.
func start(t *testing.T, address string) *realprometheus.Server {
	t.Helper()
	dir := t.TempDir()
	rules := regexp.MustCompile(`(?m)^( +for: ).*$`).ReplaceAllString(read(t, rulesFile), "${1}0s")
	if err := os.WriteFile(filepath.Join(dir, "rules.yaml"), []byte(rules), 0o600); err != nil {
		t.Fatal(err)
	}
	scrape := read(t, scrapeFile)
	for was, is := range map[string]string{"localhost:8090": address, "scrape_interval: 15s": "scrape_interval: 1s"} {
		if !strings.Contains(scrape, was) {
			t.Fatalf("%s: no %s", scrapeFile, was)
		}
		scrape = strings.Replace(scrape, was, is, 1)
	}
	return realprometheus.Start(t, dir, "global: {evaluation_interval: 500ms}\n"+scrape)
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// emptyQueries are those of the dashboard that have no series, or lack a label. One
// that cannot be evaluated ends the test.
func emptyQueries(t *testing.T, p *realprometheus.Server) []string {
	t.Helper()
	b := loadBoard(t)
	var wrong []string
	for _, q := range b.queries(t) {
		series, err := p.Query(q.expr)
		if err != nil {
			t.Fatalf("%s: %s: %v", q.where, q.expr, err)
		}
		if len(series) == 0 && !q.mayBeEmpty {
			wrong = append(wrong, q.where+": no series of "+q.expr)
		}
		for _, s := range series {
			for _, label := range q.labels {
				if s.Labels[label] == "" {
					wrong = append(wrong, fmt.Sprintf("%s: no label %s in %v of %s", q.where, label, s.Labels, q.expr))
				}
			}
		}
	}
	return wrong
}

// others are the alerts that fire and are not wanted, and the other way round.
func others(t *testing.T, p *realprometheus.Server, want []string) []string {
	t.Helper()
	rules, err := p.Rules()
	if err != nil {
		return []string{err.Error()}
	}
	var wrong []string
	for _, name := range slices.Sorted(maps.Keys(rules)) {
		r := rules[name]
		if r.Health != "ok" {
			wrong = append(wrong, fmt.Sprintf("%s: health %s %s", name, r.Health, r.LastError))
		}
		if wanted := slices.Contains(want, name); wanted != (r.State == "firing") {
			wrong = append(wrong, fmt.Sprintf("%s is %s, wanted to fire: %t", name, r.State, wanted))
		}
		for _, a := range r.Alerts {
			for key, text := range a.Annotations {
				if strings.Contains(text, "no value") || strings.Contains(text, "<error") || strings.Contains(text, "  ") {
					t.Fatalf("%s: %s: %s", name, key, text)
				}
			}
		}
	}
	if len(rules) != len(alertsOf(t)) {
		wrong = append(wrong, fmt.Sprintf("%d rules of %d", len(rules), len(alertsOf(t))))
	}
	return wrong
}

// alertsOf are the names of the alerts in the file.
func alertsOf(t *testing.T) []string {
	t.Helper()
	var names []string
	for _, m := range regexp.MustCompile(`(?m)^ +- alert: (\w+)$`).FindAllStringSubmatch(read(t, rulesFile), -1) {
		names = append(names, m[1])
	}
	return names
}

// eventually waits until nothing is wrong any more.
func eventually(t *testing.T, what string, wrong func() []string) {
	t.Helper()
	began := time.Now()
	tick := time.NewTicker(250 * time.Millisecond)
	defer tick.Stop()
	for {
		left := wrong()
		if len(left) == 0 {
			t.Logf("after %s %s", time.Since(began).Round(time.Millisecond), what)
			return
		}
		if time.Since(began) > within {
			t.Fatalf("not within %s: %s:\n%s", within, what, strings.Join(left, "\n"))
		}
		<-tick.C
	}
}

func TestThePageOfMetricsListsTheAlerts(t *testing.T) {
	var listed []string
	for _, m := range regexp.MustCompile("(?m)^\\| `(Sluice[A-Za-z]+)`").FindAllStringSubmatch(read(t, "../docs/metrics.md"), -1) {
		listed = append(listed, m[1])
	}
	if want := alertsOf(t); !slices.Equal(listed, want) {
		t.Errorf("docs/metrics.md lists %v, want %v", listed, want)
	}
}
