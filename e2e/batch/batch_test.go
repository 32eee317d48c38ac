package batch

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sluice-project/sluice/advise/batch"
	"github.com/sluice-project/sluice/internal/commandtest"
	"github.com/sluice-project/sluice/internal/realflink"
)

// binary is the command under test, built once.
var binary string

func TestMain(m *testing.M) { os.Exit(commandtest.Main(m, &binary)) }

// lab is a cluster whose configuration can be changed, with the archive of its jobs.
type lab struct {
	t       *testing.T
	cluster *realflink.Cluster
	archive string
}

// newLab starts a cluster of four slots with a configuration for batch jobs.
func newLab(t *testing.T, version string, settings map[string]string) *lab {
	l := &lab{t: t, archive: t.TempDir()}
	options := map[string]string{
		"jobmanager.scheduler":                           "", // that of batch jobs, as in a plain Flink
		"jobmanager.archive.fs.dir":                      "file://" + filepath.ToSlash(l.archive),
		"web.refresh-interval":                           "200",
		"taskmanager.network.sort-shuffle.min-buffers":   "64",
		"taskmanager.network.memory.buffers-per-channel": "0",
	}
	for k, v := range settings {
		options[k] = v
	}
	l.cluster = realflink.New(t, realflink.ClusterConfig{Version: version, TaskManagers: 2, Slots: 2, Options: options})
	return l
}

// set changes the cluster's configuration and starts the JobManager anew: in a
// session cluster the scheduler of batch jobs reads it there.
func (l *lab) set(settings []batch.Setting) {
	l.t.Helper()
	file := filepath.Join(l.cluster.Dir(), "conf", "config.yaml")
	text, err := os.ReadFile(file)
	if err != nil {
		l.t.Fatal(err)
	}
	var lines []string
	for line := range strings.Lines(string(text)) {
		key, _, _ := strings.Cut(line, ":")
		kept := true
		for _, s := range settings {
			kept = kept && key != s.Key
		}
		if kept {
			lines = append(lines, line)
		}
	}
	for _, s := range settings {
		lines = append(lines, fmt.Sprintf("%s: %q\n", s.Key, s.Value))
	}
	if err := os.WriteFile(file, []byte(strings.Join(lines, "")), 0o644); err != nil {
		l.t.Fatal(err)
	}
	if err := l.cluster.RestartJobManager(l.t.Context()); err != nil {
		l.t.Fatal(err)
	}
}

// run warms the cluster up, runs a job twice, and returns the better of its times
// and of its slot-seconds: what a busy machine adds is no matter of configuration.
func (l *lab) run(spec realflink.JobSpec) batch.RunSummary {
	l.t.Helper()
	warm := spec
	warm.Name, warm.Records = "warm-up", spec.Records/10
	for _, s := range []realflink.JobSpec{warm, spec, spec} {
		job, err := l.cluster.Submit(l.t.Context(), s)
		if err != nil {
			l.t.Fatal(err)
		}
		if err := job.WaitState(l.t.Context(), "FINISHED"); err != nil {
			l.t.Fatal(err)
		}
	}
	runs := l.advise(spec.Name, "--flink", l.cluster.URL()).Runs
	best := runs[len(runs)-1]
	for _, r := range runs[len(runs)-2:] {
		best.Seconds, best.SlotSeconds = min(best.Seconds, r.Seconds), min(best.SlotSeconds, r.SlotSeconds)
	}
	return best
}

// advise runs the command and returns its advice on the one job that there is.
func (l *lab) advise(flags ...string) batch.Advice {
	l.t.Helper()
	ctx, cancel := context.WithTimeout(l.t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary, append([]string{"batch", "advise", "-o", "json"}, flags...)...)
	var complaint strings.Builder
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		l.t.Fatalf("sluice batch advise %v: %v\n%s", flags, err, complaint.String())
	}
	var report batch.Report
	if err := json.Unmarshal(out, &report); err != nil {
		l.t.Fatalf("sluice batch advise %v: %v in %s", flags, err, out)
	}
	if len(report.Jobs) != 1 || len(report.Jobs[0].Runs) == 0 {
		l.t.Fatalf("sluice batch advise %v: want one job with runs:\n%s", flags, out)
	}
	return report.Jobs[0]
}

func settingsText(all []batch.Setting) string {
	var lines []string
	for _, s := range all {
		lines = append(lines, s.Key+": "+s.Value)
	}
	return strings.Join(lines, ", ")
}
