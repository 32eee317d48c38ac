package batch

import (
	"fmt"
	"slices"
	"strings"
)

// Scope is where a setting is heeded.
type Scope string

// The scopes.
const (
	// OfCluster: in the cluster's configuration only, for all of its jobs, from the
	// next start of the JobManager on.
	OfCluster Scope = "cluster"
	// OfSubmission: in the configuration of the job's submission too.
	OfSubmission Scope = "submission"
)

// scoped says of each setting where it is heeded.
func scoped(all []Setting) []Setting {
	for i := range all {
		all[i].Scope = OfCluster
		if all[i].Key == KeyScheduler {
			all[i].Scope = OfSubmission
		}
	}
	return all
}

// now is what a setting was, and where it can be set if that is not the cluster
// alone.
func (s Setting) now() string {
	if s.Scope == OfSubmission {
		return orNone(s.Was) + "; for this job alone: in its submission"
	}
	return orNone(s.Was)
}

// adaptive says that the setting would take the Adaptive Scheduler from a cluster.
func (s Setting) adaptive() bool {
	return s.Key == KeyScheduler && strings.EqualFold(s.Was, "adaptive")
}

// schedulerNotes say where another scheduler is to be set.
func schedulerNotes(proposed []Setting) []string {
	i := slices.IndexFunc(proposed, func(s Setting) bool { return s.Key == KeyScheduler })
	if i < 0 {
		return nil
	}
	note := "a submission may set " + KeyScheduler + " for its job; all else is heeded in the cluster's configuration only"
	if proposed[i].adaptive() {
		note += ". For the whole cluster leave it at adaptive: streaming jobs are not rescaled in place without"
	}
	return []string{note}
}

// Together adds to each advice what it means for the other jobs of its cluster:
// nearly all settings are the cluster's. Others are the names of batch jobs that
// the report is not about, streams those of streaming jobs that have not ended.
// Call it once, when all advice is in the report.
func (r *Report) Together(others, streams []string) {
	for i := range r.Jobs {
		a := &r.Jobs[i]
		r.bound(a)
		if a.Verdict != Change {
			continue
		}
		switch {
		case slices.ContainsFunc(a.Proposed, func(s Setting) bool { return s.Scope == OfCluster }):
			a.Notes = append(a.Notes, r.sharing(a, others, streams)...)
			a.Notes = append(a.Notes, r.conflicts(a)...)
		case slices.ContainsFunc(a.Proposed, Setting.adaptive) && len(streams) > 0:
			a.Notes = append(a.Notes, "streaming jobs that run here: "+some(streams))
		}
	}
}

// bound leaves out the advice to bound parallelism where other jobs have more.
func (r *Report) bound(a *Advice) {
	most := 0
	for i := range r.Jobs {
		for _, v := range r.Jobs[i].Vertices {
			if &r.Jobs[i] != a {
				most = max(most, v.Had, v.Advised)
			}
		}
	}
	a.Tuning = slices.DeleteFunc(a.Tuning, func(s Setting) bool {
		var value int
		_, err := fmt.Sscan(s.Value, &value)
		return s.Key == KeyMax && err == nil && value < most
	})
}

// sharing names the jobs that the settings of one hold for too.
func (r *Report) sharing(a *Advice, others, streams []string) []string {
	var names []string
	for i := range r.Jobs {
		if r.Jobs[i].Name != a.Name {
			names = append(names, r.Jobs[i].Name)
		}
	}
	names = append(names, others...)
	var notes []string
	if len(names) > 0 {
		notes = append(notes, "what is set for a cluster holds for all its batch jobs, from the next start of its JobManager on: for "+some(names)+" too")
	}
	if len(streams) > 0 {
		notes = append(notes, "the start of the JobManager interrupts its streaming jobs, and ends them where it has no high availability: "+some(streams))
	}
	return notes
}

// conflicts name the settings that serve other jobs best with another value.
func (r *Report) conflicts(a *Advice) []string {
	var notes []string
	for _, s := range a.Proposed {
		if s.Scope != OfCluster {
			continue
		}
		var wishes []string
		for i := range r.Jobs {
			other := &r.Jobs[i]
			if value, verb := other.wants(s.Key); other.Name != a.Name && value != "" && value != s.Value {
				wishes = append(wishes, fmt.Sprintf("%s %s %s", other.Name, verb, value))
			}
		}
		if len(wishes) > 0 {
			notes = append(notes, fmt.Sprintf("a cluster has one %s, and others are best with another value than %s: %s; what serves one job may slow another", s.Key, s.Value, some(wishes)))
		}
	}
	return notes
}

// wants is the value that the advice on a job has for a setting, proposed or kept;
// empty where that is not known.
func (a *Advice) wants(key string) (value, verb string) {
	of := func(all []Setting) string {
		for _, s := range all {
			if s.Key == key {
				return s.Value
			}
		}
		return ""
	}
	switch proposed := of(a.Proposed); {
	case a.Verdict == Unknown:
		return "", ""
	case proposed != "":
		return proposed, "would get"
	}
	return of(a.Present), "keeps"
}

// some names the first few of many.
func some(names []string) string {
	const most = 5
	text := strings.Join(names[:min(most, len(names))], ", ")
	if more := len(names) - most; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}
