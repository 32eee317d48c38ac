package twin

import (
	"net/http"
	"strings"

	"github.com/sluice-project/sluice/flink"
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
		JobsFinished: t.expired.JobsFinished, JobsCancelled: t.expired.JobsCancelled, JobsFailed: t.expired.JobsFailed,
	}
	for _, j := range t.jobs {
		v, known := j.look()
		if !known {
			continue
		}
		if v.Scheduler.Status.Terminal() {
			countEnded(o, v.Scheduler.Status)
		} else {
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

// managerAnswer answers what stands below /jobmanager.
func (q question) managerAnswer(more []string) Answer {
	if q.method != http.MethodGet {
		return q.unknown()
	}
	switch strings.Join(more, "/") {
	case "config":
		return ok(keyValues(q.config.Options))
	case "environment":
		return ok(environment())
	case "metrics":
		return q.managerMetrics()
	case "logs":
		return ok(noLogs())
	case "thread-dump":
		return ok(noThreads())
	case "log", "stdout":
		return failed(http.StatusNotFound, "This file does not exist in JobManager log dir.")
	}
	return q.unknown()
}

// noLogs are the log files of a process that has none.
func noLogs() map[string][]string { return map[string][]string{"logs": {}} }

// noThreads are the threads of a process that is none.
func noThreads() map[string][]string { return map[string][]string{"threadInfos": {}} }

// address is where the JobManager would say that it listens: a twin does not know.
const address = "http://localhost:8081"

// pageOf is where the web page would show something.
func pageOf(what string) map[string]string { return map[string]string{"url": address + "/#/" + what} }

// dataSetsAnswer answers what stands below /datasets: there are none, and to delete
// one that is not there does nothing.
func (q question) dataSetsAnswer(more []string) Answer {
	switch {
	case len(more) == 0 && q.method == http.MethodGet:
		return ok(&flink.DataSets{DataSets: []flink.DataSet{}})
	case len(more) == 1 && q.method == http.MethodDelete:
		if !isHexID(more[0]) {
			return badParameter("path", "datasetid", more[0])
		}
		o := operation{kind: dataSetRemoval, trigger: q.newTrigger(dataSetRemoval, ""), done: true}
		q.settled = append(q.settled, o)
		return Answer{Status: http.StatusAccepted, Value: &flink.Trigger{ID: flink.TriggerID(o.trigger)}}
	case len(more) == 2 && more[0] == "delete" && q.method == http.MethodGet:
		return q.operationAnswer(dataSetRemoval, "", more[1])
	}
	return q.unknown()
}
