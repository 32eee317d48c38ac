package realflink

import (
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestAJobSpecBecomesArgumentsWhereItSaysSomething(t *testing.T) {
	for name, c := range map[string]struct {
		spec JobSpec
		want string
	}{
		"nothing":  {JobSpec{}, "--name load --control-file C --rate-file R --rate-file-b R"},
		"schedule": {JobSpec{Name: "x", Schedule: "const:5"}, "--name x --control-file C --rate const:5 --rate-b const:5"},
		"costs": {
			JobSpec{Cost: 1500 * time.Microsecond, CPU: 20 * time.Microsecond, EnrichCost: -1},
			"--name load --control-file C --rate-file R --rate-file-b R --cost-us 1500 --cpu-us 20 --enrich-us 0",
		},
		"topic": {
			JobSpec{Topic: &Topic{Brokers: "b:1", Name: "t"}, MaxParallelism: 24},
			"--name load --control-file C --brokers b:1 --topic t --max-parallelism 24",
		},
		"chain": {
			JobSpec{Schedule: "const:5", Chain: []ChainVertex{
				{Name: "in", Parallelism: 2, Cost: time.Millisecond}, {Name: "mid", Parallelism: 4, MaxParallelism: 8, Group: "g"}, {Name: "out", Cost: 1500 * time.Nanosecond},
			}},
			"--name load --control-file C --rate const:5 --rate-b const:5 --source-us 1000 --out-us 1.5 --chain in=2,mid=4/8@g,out=1",
		},
		"SQL":       {JobSpec{Name: "q", SQL: []string{"SET a=b", "INSERT INTO t SELECT 1"}}, "SET pipeline.name=q SET a=b INSERT INTO t SELECT 1"},
		"pointwise": {JobSpec{Pointwise: 70}, "70"},
		"trouble": {
			JobSpec{Schedule: "const:5", HotShare: 0.6, FailCheckpoints: true, SlowSnapshot: 2 * time.Second},
			"--name load --control-file C --rate const:5 --rate-b const:5 --hot-share 0.6 --fail-checkpoints true --slow-snapshot-ms 2000",
		},
	} {
		if diff := cmp.Diff(c.want, strings.Join(c.spec.arguments("R", "C"), " ")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestAContradictoryJobSpecIsRefused(t *testing.T) {
	topic, chain := &Topic{}, []ChainVertex{{Name: "in"}, {Name: "out"}}
	sql := []string{"INSERT INTO t SELECT 1"}
	for _, s := range []JobSpec{
		{SQL: sql, Pointwise: 3},
		{SQL: sql, Batch: true},
		{Pointwise: 3, Join: true},
		{SQL: sql, Chain: chain},
		{Pointwise: 3, Topic: topic},
		{Batch: true},
		{Topic: topic, Rate: 5},
		{Topic: topic, Join: true},
		{HotShare: 1.1},
		{Chain: chain[:1]},
		{Chain: chain, Join: true},
	} {
		if s.check() == nil {
			t.Errorf("%+v is accepted", s)
		}
	}
}

func TestOnlyAJobBySQLOrPointwiseLeavesItsParallelismToFlink(t *testing.T) {
	for want, s := range map[int]JobSpec{0: {Pointwise: 3}, 1: {}, 4: {SQL: []string{"INSERT INTO t SELECT 1"}, Parallelism: 4}} {
		if got := s.parallelism(); got != want {
			t.Errorf("%+v is submitted with parallelism %d, not %d", s, got, want)
		}
	}
}

func TestTheRateFileGrowsAndTheControlFileIsReplaced(t *testing.T) {
	c := &Cluster{dir: t.TempDir()}
	j, err := c.newJob(JobSpec{Rate: 300})
	if err != nil {
		t.Fatal(err)
	}
	err = errors.Join(j.SetRate(0.5), j.SetCost(2*time.Millisecond), j.SetHotShare(0.25), j.SetCost(time.Microsecond))
	if err != nil {
		t.Fatal(err)
	}
	if got := read(t, j.rate.path); !regexp.MustCompile(`^\d{13}=300\n\d{13}=0.5\n$`).MatchString(got) {
		t.Errorf("the rate file is %q", got)
	}
	if got := read(t, j.control.path); got != "cost-us=1\nhot-share=0.25\n" {
		t.Errorf("the control file is %q", got)
	}
}

func TestTheRateOfAScheduleIsNotSet(t *testing.T) {
	c := &Cluster{dir: t.TempDir()}
	j, err := c.newJob(JobSpec{Schedule: "const:5"})
	if err != nil {
		t.Fatal(err)
	}
	if j.SetRate(1) == nil {
		t.Error("no error")
	}
}

func TestConfigurationIsWrittenAsTheVersionReadsIt(t *testing.T) {
	options := map[string]string{"b": "x: y", "a": "1"}
	for version, want := range map[string][2]string{
		Flink23:  {"config.yaml", "a: \"1\"\nb: \"x: y\"\n"},
		Flink120: {"config.yaml", "a: \"1\"\nb: \"x: y\"\n"},
		Flink117: {"flink-conf.yaml", "a: 1\nb: x: y\n"},
	} {
		name, content := configFile(version, options)
		if got := [2]string{name, content}; got != want {
			t.Errorf("%s: %q, want %q", version, got, want)
		}
	}
}

func TestOptionsOfTheCallerWin(t *testing.T) {
	cfg, err := ClusterConfig{
		HA: true, Options: map[string]string{"metrics.fetcher.update-interval": "10000"},
		Application: &JobSpec{Parallelism: 3, Config: map[string]string{"execution.checkpointing.interval": "1s"}},
	}.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	got := (&Cluster{cfg: cfg, dir: "/d", restPort: 1, rpcPort: 2, zkPort: 3}).flinkOptions()
	for k, want := range map[string]string{
		"metrics.fetcher.update-interval":    "10000",
		"execution.checkpointing.interval":   "1s",
		"parallelism.default":                "3",
		"high-availability.zookeeper.quorum": "127.0.0.1:3",
		"high-availability.jobmanager.port":  "2",
		"jobmanager.scheduler":               "adaptive",
	} {
		if got[k] != want {
			t.Errorf("%s is %q, want %q", k, got[k], want)
		}
	}
}

func TestAClusterThatCannotBeIsRefused(t *testing.T) {
	for _, c := range []ClusterConfig{{Reactive: true}, {Application: &JobSpec{Topic: &Topic{}}}} {
		if _, err := Start(t.Context(), c); err == nil {
			t.Errorf("%+v starts", c)
		}
	}
}

func TestPortsDiffer(t *testing.T) {
	ports, err := freePorts(20)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[int]bool{}
	for _, p := range ports {
		if seen[p] || p < firstPort || p >= lastPort {
			t.Errorf("ports %v", ports)
		}
		seen[p] = true
	}
}

func TestWhereRealFlinkIsMissingTestsSkipAndFailInCI(t *testing.T) {
	none := errors.New("not installed: java")
	for _, c := range []struct {
		name      string
		short, ci bool
		choice    string
		missing   error
		want      verdict
	}{
		{name: "all there", want: run},
		{name: "all there, in CI", ci: true, want: run},
		{name: "short", short: true, want: skip},
		{name: "off", choice: "off", want: skip},
		{name: "off is not heard in CI", choice: "off", ci: true, want: run},
		{name: "tools missing", missing: none, want: skip},
		{name: "tools missing in CI", missing: none, ci: true, want: fail},
	} {
		got, why := canRun(c.short, c.ci, c.choice, func() error { return c.missing })
		if got != c.want || (got == run) != (why == "") {
			t.Errorf("%s: %v (%s), want %v", c.name, got, why, c.want)
		}
	}
}

func TestTheEndOfALogIsKeptShort(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(log, []byte("a\nb\n"+strings.Repeat("c", 1000)+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if got, want := tail(log, 2), "b\n"+strings.Repeat("c", 300); got != want {
		t.Errorf("got %q", got)
	}
}

func TestABusyTimeThatIsNotANumberIsRead(t *testing.T) {
	var m VertexMetrics
	if err := json.Unmarshal([]byte(`{"accumulated-busy-time":"NaN","accumulated-idle-time":2.5e3}`), &m); err != nil {
		t.Fatal(err)
	}
	if !math.IsNaN(float64(m.Busy)) || m.Idle != 2500 {
		t.Errorf("read %+v", m)
	}
	if json.Unmarshal([]byte(`{"accumulated-busy-time":"soon"}`), &m) == nil {
		t.Error("a word is taken for a time")
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
