package main

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"text/template"
	"time"
)

// facts are what the figures depend on.
type facts struct {
	Processors int
	Processor  string
	Go         string
	Date       string
}

func factsOf(*programs) facts {
	f := facts{Processors: runtime.NumCPU(), Processor: runtime.GOARCH, Go: runtime.Version(), Date: time.Now().UTC().Format(time.DateOnly)}
	text, _ := os.ReadFile("/proc/cpuinfo") // absent: the architecture says enough
	for line := range strings.Lines(string(text)) {
		if name, ok := strings.CutPrefix(line, "model name"); ok {
			f.Processor = strings.TrimLeft(strings.TrimSpace(name), ": ")
			break
		}
	}
	return f
}

// page is all that is written.
type page struct {
	facts   facts
	startup startup
	results []result
}

const text = `# What a fleet of jobs costs

Written by ` + "`make bench`" + ` ({{.Facts.Date}}): sluice run beside a fake JobManager in a process of its own, over HTTP on the loopback interface, on {{.Facts.Processors}} × {{.Facts.Processor}} with {{.Facts.Go}}.
The jobs have 8 vertices at parallelism 4: two Kafka sources of 12 partitions with metric-name lists of real length, a join, a sink; 20 % need twice their capacity and are rescaled.
The steady state is measured once all windows are full and the rescales are done: medians of {{.Steady}} loops. Processor time is that of the sluice process, user and system; late passes are those of all these loops whose turn did not come before the next loop.

| jobs | loop / window | wall of a loop | CPU of a loop | first loop: wall / CPU | peak memory | requests a job | subtask reads a job, apart | KB a job | rescales | late passes | CPU of the fake |
|---|---|---|---|---|---|---|---|---|---|---|---|
{{range .Rows}}| {{.Jobs}} | {{.Loop}} | {{.Wall}} | {{.CPU}} | {{.First}} | {{.Peak}} | {{.Requests}} | {{.Subtasks}} | {{.KB}} | {{.Rescales}} | {{.Late}} | {{.Fake}} |
{{end}}
Where the loop is shorter than the default of 10 s, window, renewal of metrics and refresh of name lists are shorter in proportion, so that every loop has the same to do.

Requests a job and loop, by endpoint:

| jobs | {{range .Endpoints}}{{.}} | {{end}}
|---|{{range .Endpoints}}---|{{end}}
{{range .Traffic}}| {{range .}}{{.}} | {{end}}
{{end}}
| binary (-trimpath -ldflags "-s -w") | from start to first request, median of {{.Starts}} | longest |
|---|---|---|
| {{.Size}} | {{.Start}} | {{.Longest}} |
`

type row struct{ Jobs, Loop, Wall, CPU, First, Peak, Requests, Subtasks, KB, Rescales, Late, Fake string }

// write renders the page into a file, or to standard output.
func (p page) write(file string) error {
	var out bytes.Buffer
	endpoints := p.endpoints()
	data := map[string]any{
		"Facts": p.facts, "Steady": steady, "Rows": p.rows(), "Endpoints": endpoints, "Traffic": p.traffic(endpoints),
		"Starts": p.startup.starts, "Size": mebibytes(p.startup.size), "Start": p.startup.first.Round(100 * time.Microsecond), "Longest": p.startup.longest.Round(100 * time.Microsecond),
	}
	if err := template.Must(template.New("page").Parse(text)).Execute(&out, data); err != nil {
		return err
	}
	if file == "" {
		_, err := os.Stdout.Write(out.Bytes())
		return err
	}
	return os.WriteFile(file, out.Bytes(), 0o644)
}

func (p page) rows() []row {
	var rows []row
	for i := range p.results {
		r := &p.results[i]
		wall := median(r.steady, func(l *loop) time.Duration { return l.wall })
		cpu := median(r.steady, func(l *loop) time.Duration { return l.cpu })
		fake := median(r.steady, func(l *loop) time.Duration { return l.fakeCPU })
		late := 0
		for i := range r.steady {
			late += r.steady[i].late
		}
		all, bytes := r.perJob("")
		subtasks, _ := r.perJob("subtasks")
		rows = append(rows, row{
			Jobs: fmt.Sprint(r.jobs), Loop: fmt.Sprintf("%v / %d loops", r.interval(), r.window), Wall: seconds(wall), CPU: seconds(cpu),
			First: seconds(r.first.wall) + " / " + seconds(r.first.cpu), Peak: mebibytes(r.peak),
			Requests: fmt.Sprintf("%.2f", all-subtasks), Subtasks: fmt.Sprintf("%.2f", subtasks), KB: fmt.Sprintf("%.1f", bytes/1000),
			Rescales: fmt.Sprint(r.rescales), Late: fmt.Sprint(late), Fake: seconds(fake),
		})
	}
	return rows
}

// perJob is the mean traffic of an endpoint, or of all, per job and loop of the
// steady state.
func (r *result) perJob(endpoint string) (requests, bytes float64) {
	for i := range r.steady {
		for name, t := range r.steady[i].traffic {
			if endpoint == "" || name == endpoint {
				requests += float64(t.Requests)
				bytes += float64(t.Bytes)
			}
		}
	}
	n := float64(len(r.steady) * r.jobs)
	return requests / n, bytes / n
}

func (p page) endpoints() []string {
	seen := map[string]bool{}
	for i := range p.results {
		for j := range p.results[i].steady {
			for name := range p.results[i].steady[j].traffic {
				seen[name] = true
			}
		}
	}
	var names []string
	for name := range seen {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (p page) traffic(endpoints []string) [][]string {
	var rows [][]string
	for i := range p.results {
		row := []string{fmt.Sprint(p.results[i].jobs)}
		for _, name := range endpoints {
			requests, _ := p.results[i].perJob(name)
			row = append(row, fmt.Sprintf("%.3f", requests))
		}
		rows = append(rows, row)
	}
	return rows
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }

func mebibytes(n int64) string { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) }
