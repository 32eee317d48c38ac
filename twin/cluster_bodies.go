package twin

import (
	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/scheduler/adaptive"
	"github.com/sluice-project/sluice/scheduler/slots"
)

// release is a version of Flink as it presents itself.
type release struct{ version, commit, revision string }

func (t *Twin) release() release {
	if t.config.Version == slots.V1_20 {
		return release{"1.20.5", "0980485", "0980485 @ 2026-06-08T09:21:06+02:00"}
	}
	return release{"2.3.0", "c0f8d1a", "c0f8d1a @ 2026-06-14T16:29:03+02:00"}
}

func (t *Twin) overview() *flink.Overview {
	seen, r := t.cluster.Overview(), t.release()
	o := &flink.Overview{
		TaskManagers: seen.TaskManagers, SlotsTotal: seen.Slots, SlotsAvailable: seen.FreeSlots,
		FlinkVersion: r.version, FlinkCommit: r.commit,
	}
	for _, j := range t.jobs {
		v, known := j.look()
		if !known {
			continue
		}
		switch v.Scheduler.Status {
		case adaptive.StatusFinished:
			o.JobsFinished++
		case adaptive.StatusCanceled:
			o.JobsCancelled++
		case adaptive.StatusFailed:
			o.JobsFailed++
		default:
			o.JobsRunning++
		}
	}
	return o
}

func (t *Twin) clusterConfig() *flink.ClusterConfig {
	r := t.release()
	rescale := t.scheduler() == flink.SchedulerAdaptive && !t.reactive() && t.config.Options["web.rescale.enable"] != "false"
	return &flink.ClusterConfig{
		RefreshInterval: flink.SpanOf(t.settings.refresh), TimezoneName: "Coordinated Universal Time",
		FlinkVersion: r.version, FlinkRevision: r.revision,
		Features: flink.Features{
			WebSubmit: t.config.Options["web.submit.enable"] != "false", WebCancel: t.config.Options["web.cancel.enable"] != "false",
			WebRescale: &rescale,
		},
	}
}

func (t *Twin) reactive() bool { return t.config.Options["scheduler-mode"] == "reactive" }

// scheduler is the kind of scheduler as 2.3 names it.
func (t *Twin) scheduler() string {
	if t.reactive() || t.config.Options["jobmanager.scheduler"] == "adaptive" {
		return flink.SchedulerAdaptive
	}
	return flink.SchedulerDefault
}

func keyValues(options map[string]string) []flink.KeyValue {
	list := make([]flink.KeyValue, 0, len(options))
	for _, key := range sorted(options) {
		list = append(list, flink.KeyValue{Key: key, Value: options[key]})
	}
	return list
}

// environment is the JVM that a JobManager would have.
func environment() *flink.Environment {
	return &flink.Environment{
		JVM:       flink.JVM{Version: "none: this is a twin", Arch: "none", Options: []string{}},
		Classpath: []string{},
	}
}

func (q question) applicationsAnswer(more []string) Answer {
	if q.config.Version == slots.V1_20 || q.method != "GET" || len(more) != 1 || more[0] != "overview" {
		return q.unknown()
	}
	list := &flink.Applications{Applications: []flink.Application{}}
	for _, j := range q.Twin.jobs {
		v, known := j.look()
		if !known {
			continue
		}
		g := j.draw(v)
		list.Applications = append(list.Applications, flink.Application{
			ID: j.spec.ID, Name: "SingleJobApplication(" + j.spec.Name + ")", StartTime: flink.MillisOf(g.start),
			EndTime: flink.MillisOf(g.end), Duration: q.lasted(g), Status: applicationStatus(g.status),
			Jobs: map[flink.JobStatus]int{g.status: 1},
		})
	}
	return ok(list)
}

func applicationStatus(s flink.JobStatus) string {
	switch {
	case s.Terminal():
		return string(s)
	case s == flink.JobFailing || s == flink.JobCancelling:
		return string(s)
	}
	return "RUNNING"
}
