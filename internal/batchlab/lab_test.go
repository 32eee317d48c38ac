package batchlab

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/sluice-project/sluice/internal/realflink"
)

var (
	update = flag.Bool("update", false, "write recordings, vectors and the page anew")
	only   = flag.String("only", "", "record what this regular expression finds in the names of files of testdata, and no more")
)

// versions are those whose batch scheduler is told of.
var versions = []string{realflink.Flink120, realflink.Flink23}

// file is where a recording lies.
func file(version, setting, job string) string {
	return filepath.Join("testdata", version+"-"+setting+"-"+job+".json.gz")
}

func openLab(t *testing.T, version string, s Setting) *Lab {
	t.Helper()
	l, err := Open(t.Context(), version, s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

// A real job gets the parallelism and the ranges that follow from the bytes it writes. The long form runs every job under
// every setting, on both versions.
func TestRealJobsAreScheduledAsWeDerive(t *testing.T) {
	realflink.RequireReal(t)
	if os.Getenv("SLUICE_REAL") != "full" {
		l := openLab(t, realflink.Flink23, Settings[0])
		for _, e := range Experiments {
			if e.Name == "broadcast" || e.Name == "skewed-join" {
				rerun(t, l, e)
			}
		}
		return
	}
	for _, version := range versions {
		for _, s := range Settings {
			t.Run(version+"-"+s.Name, func(t *testing.T) {
				l := openLab(t, version, s)
				for _, e := range s.Experiments() {
					rerun(t, l, e)
				}
			})
		}
	}
}

func rerun(t *testing.T, l *Lab, e Experiment) {
	t.Helper()
	r, err := l.Record(t.Context(), e.Name, e.Job(l.Tables))
	if err != nil {
		t.Fatal(err)
	}
	compared(t, e.Name, r)
}

// Every job has its recording under every setting. With -update it is made anew.
func TestRecord(t *testing.T) {
	for _, version := range versions {
		for _, s := range Settings {
			t.Run(version+"-"+s.Name, func(t *testing.T) {
				if *update {
					record(t, version, s)
				}
				for _, e := range s.Experiments() {
					r, err := Read(file(version, s.Name, e.Name))
					if err != nil {
						t.Error(err)
					} else if r.Flink != version || r.Setting != s.Name || r.Name != e.Name {
						t.Errorf("it is that of %s under %s on %s", r.Name, r.Setting, r.Flink)
					}
				}
			})
		}
	}
}

func record(t *testing.T, version string, s Setting) {
	t.Helper()
	var wanted []Experiment
	for _, e := range s.Experiments() {
		if regexp.MustCompile(*only).MatchString(file(version, s.Name, e.Name)) {
			wanted = append(wanted, e)
		}
	}
	if len(wanted) == 0 {
		return
	}
	l := openLab(t, version, s)
	for _, e := range wanted {
		r, err := l.Record(t.Context(), e.Name, e.Job(l.Tables))
		if err != nil {
			t.Error(err)
			continue
		}
		if s.Name != "small" {
			r.trim()
		}
		if err := r.Write(file(version, s.Name, e.Name)); err != nil {
			t.Fatal(err)
		}
	}
}
