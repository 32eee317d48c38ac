package main

import (
	"encoding/json"
	"strings"
	"testing"
)

// What run would refuse of each job is wrong; what has no effect is warned of.
func TestCheckTellsWhatWouldBecomeOfTheJobs(t *testing.T) {
	for name, c := range map[string]struct {
		file string
		code int
		want []string
	}{
		"reference out of range": {
			"sluice.profile: reference\njob.autoscaler.utilization.target: 7\n", exitFailed,
			[]string{"FILE:2: The AutoScalerOption job.autoscaler.utilization.target is invalid, it should be a value within the range [0.0, 1.0]"},
		},
		"reference oddities": {"sluice.profile: reference\njob.autoscaler.vertex.min-parallelism: 0\n", exitDone, nil},
		"section": {
			"jobs: {\"*\": {job.autoscaler.utilization.target: 9}}\n", exitFailed,
			[]string{"FILE:1 (jobs \"*\"): The AutoScalerOption job.autoscaler.utilization.target is invalid"},
		},
		"no database": {
			"autoscaler.standalone.state-store.type: JDBC\n", exitFailed,
			[]string{"autoscaler.standalone.jdbc.url: it names no database, and autoscaler.standalone.state-store.type or autoscaler.standalone.event-handler.type asks for one"},
		},
		"another database": {
			"autoscaler.standalone.state-store.type: JDBC\nautoscaler.standalone.jdbc.url: 'jdbc:derby:memory:x;password=geheim'\n", exitFailed,
			[]string{`autoscaler.standalone.jdbc.url: address of a database: "derby" is none that sluice knows: want sqlite:PATH`},
		},
		"no class": {
			"job.autoscaler.scaling.custom-executors: budget\n", exitDone,
			[]string{`warning: FILE:1: job.autoscaler.scaling.custom-executors names "budget", but job.autoscaler.scaling.custom-executor.budget.class is not set: no job is rescaled without it`},
		},
		"no counters": {
			"sluice.skew.enabled: true\nsluice.estimator: reference\n", exitDone,
			[]string{"warning: FILE:1: sluice.skew.enabled has no effect: it needs sluice.estimator: counters, which is reference"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := file(t, "sluice.yaml", c.file)
			got := runCommand(t, "check", path)
			if got.code != c.code || (got.stdout == path+": fine\n") != (c.code == exitDone) || c.want == nil && got.stderr != "" {
				t.Errorf("%+v", got)
			}
			for _, want := range c.want {
				if want = strings.ReplaceAll(want, "FILE", path); !strings.Contains(got.stderr, want) {
					t.Errorf("no %s in %s", want, got.stderr)
				}
			}
		})
	}
}

func TestCheckTellsProgramsToo(t *testing.T) {
	path := file(t, "sluice.yaml", "scalingInterval: 5s\njob.autoscaler.utilization.target: 7\n")
	got := runCommand(t, "check", path, "-o", "json")
	var c checked
	if err := json.Unmarshal([]byte(got.stdout), &c); err != nil || got.code != exitFailed || c.Fine || c.File != path || len(c.Warnings) != 1 || len(c.Problems) != 1 {
		t.Errorf("%v, %+v of %+v", err, c, got)
	}
	if !strings.HasPrefix(got.stderr, "sluice: "+path+":2: ") {
		t.Errorf("on stderr: %s", got.stderr)
	}
	right := file(t, "right.yaml", "job.autoscaler.metrics.window: 3m\n")
	if got := runCommand(t, "check", right, "-o", "yaml"); got.code != exitDone || !strings.Contains(got.stdout, "\nfine: true\nwarnings: []\nproblems: []\n") {
		t.Errorf("%+v", got)
	}
}
