package options

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func load(t *testing.T, file string) Config {
	t.Helper()
	cfg, _, err := Load(LoadInput{File: "sluice.yaml", FileContents: []byte(file)})
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

func TestFlatAndNestedKeysMeanTheSame(t *testing.T) {
	cfg := load(t, `
# a comment
job.autoscaler:
  metrics.window: 3 min
  utilization: {target: .65, "max": 0.80}
  excluded:
    periods: ["8:00-9:00", '* * 8 ? * MON-FRI']
  scaling.parallelism-alignment.mode: mine
  scaling.parallelism-alignment.mode.mine.class: X
kubernetes.operator.job.autoscaler.vertex.max-parallelism: 010
pipeline:
  jobvertex-parallelism-overrides:
    cbc357ccb763df2852fee8c4fc7d55f2: 4
    "a b": 7
taskmanager.numberOfTaskSlots: 2
metrics.reporter.prom.port: 9249
`)
	want := []Entry{
		{"job.autoscaler.excluded.periods", "['8:00-9:00', '* * 8 ? * MON-FRI']", "sluice.yaml:7"},
		{"job.autoscaler.metrics.window", "3 min", "sluice.yaml:4"},
		{"job.autoscaler.scaling.parallelism-alignment.mode", "mine", "sluice.yaml:8"},
		{"job.autoscaler.scaling.parallelism-alignment.mode.mine.class", "X", "sluice.yaml:9"},
		{"job.autoscaler.utilization.max", "0.80", "sluice.yaml:5"},
		{"job.autoscaler.utilization.target", ".65", "sluice.yaml:5"},
		{"kubernetes.operator.job.autoscaler.vertex.max-parallelism", "010", "sluice.yaml:10"},
		{"metrics.reporter.prom.port", "9249", "sluice.yaml:16"},
		{"pipeline.jobvertex-parallelism-overrides", "{'a b': 7, cbc357ccb763df2852fee8c4fc7d55f2: 4}", "sluice.yaml:12"},
		{"taskmanager.numberOfTaskSlots", "2", "sluice.yaml:15"},
	}
	if diff := cmp.Diff(want, cfg.Entries()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	r := NewReader(cfg)
	periods, overrides := Read(r, ExcludedPeriods), Read(r, ParallelismOverrides)
	if r.Err() != nil || cmp.Diff([]string{"8:00-9:00", "* * 8 ? * MON-FRI"}, periods) != "" ||
		cmp.Diff(m("cbc357ccb763df2852fee8c4fc7d55f2", "4", "a b", "7"), overrides) != "" || Read(r, VertexMaxParallelism) != 10 {
		t.Errorf("got %q, %v, %v", periods, overrides, r.Err())
	}
}

func TestWhatIsWrongInAFileIsNamedWithItsLine(t *testing.T) {
	for name, c := range map[string]struct{ file, want string }{
		"unknown option":       {"job.autoscaler.metrics.windw: 1 s", "sluice.yaml:1: unknown option job.autoscaler.metrics.windw; did you mean job.autoscaler.metrics.window?"},
		"unknown nested":       {"\nsluice:\n  rescale:\n    timeot: 1 s", "sluice.yaml:4: unknown option sluice.rescale.timeot; did you mean sluice.rescale.timeout?"},
		"unknown, operator":    {"kubernetes.operator.job.autoscaler.metrics.windw: 1 s", "did you mean kubernetes.operator.job.autoscaler.metrics.window?"},
		"nameless mode":        {"job.autoscaler.scaling.parallelism-alignment.mode..class: X", "unknown option job.autoscaler.scaling.parallelism-alignment.mode..class"},
		"misspelt family":      {"job.autoscaller.metrics.window: 1 s", "sluice.yaml:1: unknown option job.autoscaller.metrics.window; did you mean job.autoscaler.metrics.window?"},
		"without its family":   {"metrics-window: 1 s", "sluice.yaml:1: unknown option metrics-window; did you mean job.autoscaler.metrics.window?"},
		"like nothing":         {"colour: green", "sluice.yaml:1: unknown option colour"},
		"duration":             {"sluice.profile: sluice\njob.autoscaler.metrics.window: 3 mins", "sluice.yaml:2: Could not parse value '3 mins' for key 'job.autoscaler.metrics.window'. Want one of the units"},
		"legacy key":           {"scalingInterval: x", "sluice.yaml:1, as scalingInterval: Could not parse value 'x' for key 'autoscaler.standalone.control-loop.interval'."},
		"range of the process": {"autoscaler.standalone.control-loop.parallelism: 0", "sluice.yaml:1: invalid value '0' for autoscaler.standalone.control-loop.parallelism: want a value of at least 1"},
		"range of the jobs":    {"job.autoscaler.utilization.target: 7", "sluice.yaml:1: The AutoScalerOption job.autoscaler.utilization.target is invalid"},
		"no value":             {"job.autoscaler.metrics.window:", "sluice.yaml:1: job.autoscaler.metrics.window: has no value"},
		"empty map":            {"job.autoscaler: {}", "sluice.yaml:1: job.autoscaler has no value"},
		"twice":                {"job.autoscaler.enabled: true\njob:\n  autoscaler.enabled: true", "sluice.yaml:3: job.autoscaler.enabled is set twice, also in line 1"},
		"twice in the syntax":  {"rest.port: 1\nrest.port: 2", "sluice.yaml:2: not readable as YAML: mapping key"},
		"syntax":               {"rest.port: [1\nsecurity.password: hunter2", "sluice.yaml:2: not readable as YAML:"},
		"no mapping":           {"- a", "sluice.yaml:1: want \"key: value\""},
		"two documents":        {"rest.port: 1\n---\nrest.port: 2", "sluice.yaml:3: a second document"},
		"list of maps":         {"job.autoscaler.excluded.periods: [{a: b}]", "sluice.yaml:1: job.autoscaler.excluded.periods: want a plain value"},
		"alias":                {"rest.port: *p", "sluice.yaml:1: rest.port: want a plain value"},
		"merge":                {"rest:\n  <<: {port: 1}", "sluice.yaml:2: want a plain key"},
		"unknown in section":   {"jobs:\n  x:\n    job.autoscaler.windw: 1 s", "sluice.yaml:3 (jobs \"x\"): unknown option job.autoscaler.windw"},
		"value in section":     {"jobs:\n  x: {job.autoscaler.metrics.window: soon}", "sluice.yaml:2 (jobs \"x\"): Could not parse value 'soon'"},
		"range in section":     {"jobs:\n  x: {job.autoscaler.metrics.window: 0}", "sluice.yaml:2 (jobs \"x\"): invalid value '0'"},
		"process in section":   {"jobs:\n  x: {sluice.job.gone-after: 1 s}", "sluice.yaml:2: sluice.job.gone-after holds for the whole process"},
		"section is no map":    {"jobs:\n  x: 7", "sluice.yaml:2: jobs: want"},
		"jobs is no map":       {"jobs: [a]", "sluice.yaml:1: jobs: want a section"},
		"clusters is no list":  {"clusters: {a: b}", "sluice.yaml:1: clusters: want a list"},
		"cluster is no map":    {"clusters: [a]", "sluice.yaml:1: clusters: want fields"},
		"empty cluster":        {"clusters: [{}]", "sluice.yaml:1: clusters: a cluster without"},
		"no address":           {"clusters:\n  - name: a", "sluice.yaml:2: clusters: a cluster without"},
		"no host":              {"clusters:\n  - address: 'http://'", "sluice.yaml:2: clusters: address \"http://\": want http(s)://host:port"},
		"unknown field":        {"clusters:\n  - address: a:1\n    tls: {ca: x}", "sluice.yaml:3: clusters: unknown field tls.ca; did you mean tls.caFile?"},
		"inline password":      {"clusters:\n  - address: a:1\n    auth: {username: x, password: hunter2}", "sluice.yaml:3: clusters: auth.password: a password does not stand in the file: use auth.passwordFile or auth.passwordEnv"},
		"inline token":         {"clusters:\n  - address: a:1\n    auth: {token: hunter2}", "use auth.tokenFile or auth.tokenEnv"},
		"password in address":  {"clusters:\n  - address: http://me:hunter2@a:1", "sluice.yaml:2: clusters: address …@a:1: no user and password"},
		"user alone":           {"clusters:\n  - {address: 'a:1', auth: {username: x}}", "belong together"},
		"two secrets":          {"clusters:\n  - {address: 'a:1', auth: {username: x, passwordFile: f, passwordEnv: E}}", "want one of the two"},
		"password and token":   {"clusters:\n  - {address: 'a:1', auth: {username: x, passwordFile: f, tokenEnv: E}}", "not both"},
		"same name":            {"clusters:\n  - {address: 'http://a:1'}\n  - {name: 'a:1', address: b}", "sluice.yaml:3: clusters: two clusters are named a:1"},
		"bad bool":             {"clusters:\n  - {address: 'a:1', tls: {insecureSkipVerify: 1}}", "tls.insecureSkipVerify: want true or false"},
		"deep":                 {"rest: " + strings.Repeat("{a: ", 40) + "1" + strings.Repeat("}", 40), "nested more than 32 deep"},
		"large":                {"#" + strings.Repeat("x", maxFileSize), "sluice.yaml: larger than"},
	} {
		_, _, err := Load(LoadInput{File: "sluice.yaml", FileContents: []byte(c.file)})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: want %q, got %v", name, c.want, err)
			continue
		}
		if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: the error shows a secret: %v", name, err)
		}
		if strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: more than one problem: %v", name, err)
		}
	}
}

func TestScalarsAreKeptAsTheyAreWritten(t *testing.T) {
	for _, text := range []string{"-1", "+5", "0x1p-1", "1_000", "2024-01-01", "08:00-09:00;x", ".inf", "NaN", "1e3", "True", "0.50", "a b", "1.0"} {
		cfg, _, err := Load(LoadInput{FileContents: []byte("rest.x: " + text + "   # why\n")})
		if v, _ := cfg.Lookup("rest.x"); err != nil || v.Text != text {
			t.Errorf("%s became %q, %v", text, v.Text, err)
		}
	}
	for file, want := range map[string]string{
		"rest.x: |\n  a\n  b\n": "a\nb", "rest.x: >-\n  a\n  b\n": "a b", `rest.x: "it's\t1"`: "it's\t1", "rest.x: 'it''s'": "it's", "rest.x: a\n  b\n": "a b",
	} {
		cfg, _, err := Load(LoadInput{FileContents: []byte(file)})
		if v, _ := cfg.Lookup("rest.x"); err != nil || v.Text != want {
			t.Errorf("%q became %q, %v", file, v.Text, err)
		}
	}
}

func TestAFileThatIsNoneOfOursIsTurnedDownSoon(t *testing.T) {
	file := strings.Builder{}
	for i := range 3000 {
		fmt.Fprintf(&file, "key-%d: x\n", i)
	}
	_, _, err := Load(LoadInput{FileContents: []byte(file.String())})
	if problems, ok := errors.AsType[Problems](err); !ok || len(problems) != maxProblems {
		t.Errorf("got %d problems", len(problems))
	}
	_, _, err = Load(LoadInput{FileContents: []byte("\"sluice.\\n\": x\n" + strings.Repeat("k", 5000) + ": x")})
	if err == nil || len(err.Error()) > 1000 || len(strings.Split(err.Error(), "\n")) != 2 {
		t.Errorf("got %v", err)
	}
}

func TestEveryProblemIsReportedALineEach(t *testing.T) {
	_, _, err := Load(LoadInput{
		File: "s.yaml", FileContents: []byte("job.autoscaler.enabld: true\nrest.port: 1\nsluice.x: 1"),
		Flags: []KeyValue{{"sluice.estimater", "counters"}},
	})
	problems, ok := errors.AsType[Problems](err)
	if !ok || len(problems) != 3 || len(strings.Split(err.Error(), "\n")) != 3 {
		t.Fatalf("got %v", err)
	}
	if want := "flag: unknown option sluice.estimater; did you mean sluice.estimator?"; problems[2].Error() != want {
		t.Errorf("want %s, got %s", want, problems[2].Error())
	}
}

func TestProfileReferenceStartsWithValuesOutOfRange(t *testing.T) {
	file := "sluice.profile: reference\njob.autoscaler.utilization.target: 7\njob.autoscaler.metrics.window: 0\njobs: {x: {job.autoscaler.metrics.window: 0}}"
	if _, _, err := Load(LoadInput{FileContents: []byte(file)}); err != nil {
		t.Error(err)
	}
	if _, _, err := Load(LoadInput{FileContents: []byte(file + "\njob.autoscaler.restart.time: soon")}); err == nil {
		t.Error("a value that cannot be parsed is wrong in every profile")
	}
}

func TestALegacyFlatFileIsReadAsFlinkDoes(t *testing.T) {
	cfg, warnings, err := Load(LoadInput{File: "/conf/flink-conf.yaml", FileContents: []byte(`
# a comment
job.autoscaler.metrics.window: 1 min
job.autoscaler.metrics.window: 3 min # the later wins
job.autoscaler.excluded.periods: * * 9-10 ? * *;8:00-9:00
env.java.opts: -Da: b "x
flinkClusterPort: 8082
kubernetes.operator.job.autoscaler.restart.time: 1 min
rest.port 8081
`)})
	if err != nil {
		t.Fatal(err)
	}
	want := []Entry{
		{"env.java.opts", `-Da: b "x`, "/conf/flink-conf.yaml:6"},
		{"flinkClusterPort", "8082", "/conf/flink-conf.yaml:7"},
		{"job.autoscaler.excluded.periods", "* * 9-10 ? * *;8:00-9:00", "/conf/flink-conf.yaml:5"},
		{"job.autoscaler.metrics.window", "3 min", "/conf/flink-conf.yaml:4"},
		{"kubernetes.operator.job.autoscaler.restart.time", "1 min", "/conf/flink-conf.yaml:8"},
	}
	if diff := cmp.Diff(want, cfg.Entries()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	wantWarnings := []string{
		"/conf/flink-conf.yaml:7: flinkClusterPort is deprecated, use autoscaler.standalone.fetcher.flink-cluster.port",
		`/conf/flink-conf.yaml:9: skipped: want "key: value"`,
	}
	if diff := cmp.Diff(wantWarnings, printed(warnings)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func printed(warnings []Warning) []string {
	lines := make([]string, len(warnings))
	for i, w := range warnings {
		lines[i] = w.String()
	}
	return lines
}

func TestTheEnvironmentSetsOptions(t *testing.T) {
	cfg, warnings, err := Load(LoadInput{
		FileContents: []byte("clusters: [{address: 'a:1', auth: {username: x, passwordEnv: SLUICE_FLINK_PASSWORD}}]"),
		Environ: []string{
			"PATH=/bin", "SLUICE_PROFILE=reference", "SLUICE_JOB_AUTOSCALER_METRICS_WINDOW=3 min",
			"SLUICE_AUTOSCALER_STANDALONE_CONTROL_LOOP_INTERVAL=5s", "SLUICE_TASKMANAGER_NUMBEROFTASKSLOTS=3",
			"SLUICE_JOB_AUTOSCALER_RESTART_TIME=", "SLUICE_PROFIL=x", "SLUICE_CACHE=/tmp", "SLUICE_FLINK_PASSWORD=hunter2",
			"SLUICE_JOB_AUTOSCALER_EXCLUDED_PERIODS=a=b",
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []Entry{
		{"autoscaler.standalone.control-loop.interval", "5s", "env SLUICE_AUTOSCALER_STANDALONE_CONTROL_LOOP_INTERVAL"},
		{"job.autoscaler.excluded.periods", "a=b", "env SLUICE_JOB_AUTOSCALER_EXCLUDED_PERIODS"},
		{"job.autoscaler.metrics.window", "3 min", "env SLUICE_JOB_AUTOSCALER_METRICS_WINDOW"},
		{"sluice.profile", "reference", "env SLUICE_PROFILE"},
		{"taskmanager.numberOfTaskSlots", "3", "env SLUICE_TASKMANAGER_NUMBEROFTASKSLOTS"},
	}
	if diff := cmp.Diff(want, cfg.Entries()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	wantWarnings := []string{
		"env SLUICE_CACHE: unknown variable",
		"env SLUICE_PROFIL: unknown variable; did you mean SLUICE_PROFILE?",
	}
	if diff := cmp.Diff(wantWarnings, printed(warnings)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if _, _, err := Load(LoadInput{Environ: []string{"SLUICE_PROFILE=x"}}); err == nil || !strings.HasPrefix(err.Error(), "env SLUICE_PROFILE: ") {
		t.Errorf("a wrong value: %v", err)
	}
}

func TestFlagsAreCutAtTheFirstEqualsSign(t *testing.T) {
	kv, err := ParseFlag("job.autoscaler.excluded.periods=a=b")
	if err != nil || kv != (KeyValue{"job.autoscaler.excluded.periods", "a=b"}) {
		t.Errorf("got %v, %v", kv, err)
	}
	for _, text := range []string{"x", "=x", ""} {
		if _, err := ParseFlag(text); err == nil {
			t.Errorf("%q: want an error", text)
		}
	}
}

func TestClusters(t *testing.T) {
	file := `
clusters:
  - name: prod
    addresses: [https://jm-1:8081, https://jm-2:8081]
    tls: {caFile: ca.pem, certFile: c.pem, keyFile: c.key, serverName: jm, insecureSkipVerify: true}
    auth: {username: sluice, passwordFile: pw}
  - address: jm-3:8081
`
	prod := Cluster{
		Name: "prod", Addresses: []string{"https://jm-1:8081", "https://jm-2:8081"},
		TLS:    ClusterTLS{"ca.pem", "c.pem", "c.key", "jm", true},
		Auth:   ClusterAuth{Username: "sluice", PasswordFile: "pw"},
		Source: Source{Kind: FromFile, Name: "s.yaml", Line: 3},
	}
	second := Cluster{Name: "jm-3:8081", Addresses: []string{"jm-3:8081"}, Source: Source{Kind: FromFile, Name: "s.yaml", Line: 7}}
	single := func(name string, kind SourceKind) Cluster {
		return Cluster{Name: name, Addresses: []string{"http://" + name}, Source: Source{Kind: kind}}
	}
	for name, c := range map[string]struct {
		file  string
		flags []KeyValue
		want  []Cluster
	}{
		"of the file":      {file, nil, []Cluster{prod, second}},
		"file and flag":    {file, []KeyValue{{"flinkClusterPort", "1"}}, []Cluster{prod, second, single("localhost:1", FromFlag)}},
		"of the reference": {"", []KeyValue{{"flinkClusterHost", "::1"}, {"flinkClusterPort", "80"}}, []Cluster{single("[::1]:80", FromFlag)}},
		"default":          {"", nil, []Cluster{single("localhost:8081", FromDefault)}},
	} {
		cfg, _, err := Load(LoadInput{File: "s.yaml", FileContents: []byte(c.file), Flags: c.flags})
		if err != nil {
			t.Fatal(err)
		}
		got, err := Clusters(cfg)
		if diff := cmp.Diff(c.want, got); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got)\n%s", name, err, diff)
		}
	}
}

func TestCredentialsComeFromFilesAndVariables(t *testing.T) {
	files := func(name string) ([]byte, error) {
		if name == "pw" {
			return []byte("hunter2\n"), nil
		}
		return nil, errors.New("no such file " + name)
	}
	env := func(name string) (string, bool) { return map[string]string{"TOKEN": "hunter3"}[name], name == "TOKEN" }
	for name, c := range map[string]struct {
		auth ClusterAuth
		want Credentials
		err  string
	}{
		"file":     {ClusterAuth{Username: "me", PasswordFile: "pw"}, Credentials{Username: "me", Password: "hunter2"}, ""},
		"variable": {ClusterAuth{TokenEnv: "TOKEN"}, Credentials{Token: "hunter3"}, ""},
		"none":     {ClusterAuth{}, Credentials{}, ""},
		"no file":  {ClusterAuth{Username: "me", PasswordFile: "x"}, Credentials{}, "read password file: no such file x"},
		"not set":  {ClusterAuth{TokenEnv: "X"}, Credentials{}, "read token from environment variable X: it is not set or empty"},
	} {
		got, err := c.auth.Credentials(files, env)
		if got != c.want || (c.err != "" && (err == nil || err.Error() != c.err)) || (c.err == "" && err != nil) {
			t.Errorf("%s: got %#v, %v", name, got, err)
		}
		if strings.Contains(got.String()+got.GoString()+got.LogValue().String(), "hunter") {
			t.Errorf("%s: a secret prints", name)
		}
	}
}

func TestPatternsMatchWholeNames(t *testing.T) {
	for _, c := range []struct {
		pattern, name string
		want          bool
	}{
		{"*", "", true},
		{"a*c", "abbc", true},
		{"a*c", "abcd", false},
		{"a?c", "aéc", true},
		{"?", "", false},
		{"*b*b*", "abcb/d", true},
		{"*b*b*", "abc", false},
		{"a**", "a", true},
		{"", "a", false},
		{"ab", "abc", false},
	} {
		if got := matchPattern(c.pattern, c.name); got != c.want {
			t.Errorf("%q %q: want %v", c.pattern, c.name, c.want)
		}
	}
}

func TestAnEmptyFileSetsNothing(t *testing.T) {
	for _, file := range []string{"", "# only a comment\n", "---\n", "~\n"} {
		if cfg := load(t, file); len(cfg.Keys()) != 0 {
			t.Errorf("%q sets %v", file, cfg.Keys())
		}
	}
	if d, err := Get(Config{}, ControlLoopInterval); d != 10*time.Second || err != nil {
		t.Errorf("got %v, %v", d, err)
	}
}

func FuzzLoad(f *testing.F) {
	for _, s := range []string{
		"job.autoscaler:\n  metrics.window: 3 min\n", "jobs: {x: {sluice.enabled: false}}", "clusters: [{address: 'a:1'}]",
		"a: &x [*x]", "? [a]\n: b", "rest: {a: {}}", "clusters:\n- address: 'http://u:p@h'\n", "- |\n  x", "job: !!str x",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, contents []byte) {
		for _, name := range []string{"sluice.yaml", "flink-conf.yaml"} {
			cfg, _, err := Load(LoadInput{File: name, FileContents: contents})
			if err != nil {
				_ = err.Error()
				continue
			}
			if _, err := Clusters(cfg); err != nil {
				t.Errorf("%q: loaded, but its clusters are wrong: %v", contents, err)
			}
		}
	})
}
