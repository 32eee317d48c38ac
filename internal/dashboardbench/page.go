package main

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"strings"
	"text/template"
	"time"
)

const text = `On {{.Date}}, on {{.Processors}} × {{.Processor}} with {{.Go}}: two sluice run, one with a page, beside a twin of {{.Jobs}} jobs of three vertices, each in a process of its own, over HTTP on the loopback interface; a loop every {{.Interval}}, all windows full. Processor time is user and system, in the {{.Interval}} of a loop: medians of {{.Loops}} loops, of both processes at the same time. The load average of the machine was {{.Load}} in the end: what the programs had to wait for is also other work.

| who looks at the page | without a page | with it | more | in a core |
|---|---|---|---|---|
{{range .Looks}}| {{.Who}} | {{.Without}} | {{.With}} | {{.More}} | {{.Core}} |
{{end}}
What the programs asked for, {{.Count}} requests in all, each timed from its turn to the last byte:

| of a hundred | request | kB | p50 | p99 |
|---|---|---|---|---|
{{range .Requests}}| {{.Share}} | {{.Name}} | {{.KB}} | {{.P50}} | {{.P99}} |
{{end}}`

type row struct {
	Share              int
	Name, KB, P50, P99 string
}

// write puts the measured figures into a file, or to standard output.
func (r *result) write(file string) error {
	var out bytes.Buffer
	if err := template.Must(template.New("page").Parse(text)).Execute(&out, r.data()); err != nil {
		return err
	}
	if file == "" {
		_, err := os.Stdout.Write(out.Bytes())
		return err
	}
	page, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	const begin, end = "<!-- api: begin -->\n", "<!-- api: end -->"
	before, rest, found := strings.Cut(string(page), begin)
	_, after, ended := strings.Cut(rest, end)
	if !found || !ended {
		return fmt.Errorf("%s has no marks %s and %s", file, strings.TrimSpace(begin), end)
	}
	return os.WriteFile(file, []byte(before+begin+out.String()+end+after), 0o644)
}

func (r *result) data() map[string]any {
	rows, count := r.rows()
	lists := fmt.Sprintf("a fleet page, open all the time: %.0f lists of all jobs a minute, %d kB each",
		float64(r.page.lists)/r.page.time.Minutes(), r.page.bytes/int64(max(r.page.lists, 1))/1000)
	return map[string]any{
		"Date": time.Now().UTC().Format(time.DateOnly), "Processors": runtime.NumCPU(), "Processor": processor(), "Go": runtime.Version(),
		"Jobs": r.jobs, "Load": load(), "Interval": r.interval, "Loops": len(r.open.with), "Count": count, "Requests": rows,
		"Looks": []look{r.look("nobody", r.unseen), r.look(lists, r.open), r.look(fmt.Sprintf("programs, %d requests/s", r.rate), r.asked)},
	}
}

// look is what one way of being looked at costs.
type look struct{ Who, Without, With, More, Core string }

func (r *result) look(who string, p pair) look {
	without, with := median(p.without), median(p.with)
	return look{
		who, millis(without), millis(with), fmt.Sprintf("%+.0f %%", 100*(float64(with)/float64(max(without, 1))-1)),
		fmt.Sprintf("%+.1f %%", 100*float64(with-without)/float64(r.interval)),
	}
}

func (r *result) rows() (rows []row, count int) {
	var all []time.Duration
	for _, a := range r.asks {
		all = append(all, a.took...)
		rows = append(rows, row{a.share, a.name, fmt.Sprintf("%.1f", float64(a.bytes)/float64(max(len(a.took), 1))/1000), millis(median(a.took)), millis(quantile(a.took, 0.99))})
	}
	return append(rows, row{100, "all together", "", millis(median(all)), millis(quantile(all, 0.99))}), len(all)
}

func millis(d time.Duration) string {
	if ms := float64(d) / float64(time.Millisecond); ms < 100 {
		return fmt.Sprintf("%.1f ms", ms)
	}
	return fmt.Sprintf("%d ms", d.Milliseconds())
}

// load is the mean number of tasks that wanted a core in the last 15 minutes.
func load() string {
	text, _ := os.ReadFile("/proc/loadavg")
	fields := strings.Fields(string(text))
	if len(fields) < 3 {
		return "not known"
	}
	return fields[2]
}

// processor is the name of the machine's.
func processor() string {
	text, _ := os.ReadFile("/proc/cpuinfo") // absent: the architecture says enough
	for line := range strings.Lines(string(text)) {
		if name, ok := strings.CutPrefix(line, "model name"); ok {
			return strings.TrimLeft(strings.TrimSpace(name), ": ")
		}
	}
	return runtime.GOARCH
}
