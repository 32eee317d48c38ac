package autoscaler

import (
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/sluice-project/sluice/scaling"
)

// overQuota is a script whose job runs work at 4 and wants 6, each subtask on a
// TaskManager of 1.5 cores and 2 GiB, up to its first decision.
func overQuota(t *testing.T, config map[string]string) (*script, Report) {
	t.Helper()
	s := newScript(t)
	maps.Copy(s.config, config)
	s.job.TaskManagerCPU, s.job.TaskManagerMemory = 1.5, 2<<30
	s.run("runs source:1 work:4\nrate 3900")
	return s, s.untilFull()
}

// untilFull runs passes until one decides on a full window.
func (s *script) untilFull() Report {
	for range 100 {
		s.advance(5 * time.Second)
		if report := s.pass(); report.Window.Full {
			return report
		}
	}
	s.t.Fatal("the window never fills")
	return Report{}
}

func TestAQuotaIsFulfilledInPart(t *testing.T) {
	tests := []struct {
		name   string
		config map[string]string
		// want is the parallelism of work that is asked for, 0 for none.
		want  int
		event string
	}{
		{"enough for all", map[string]string{"job.autoscaler.quota.cpu": "9"}, 6, ""},
		{"enough for one more", map[string]string{"job.autoscaler.quota.cpu": "8.9"}, 5, `6 TaskManagers are needed, and the quota of cpu allows 5. Scaled as far as that goes, to 83 % of what is needed: "work" 4 -> 5 of 6.`},
		{"memory for one more", map[string]string{"job.autoscaler.quota.memory": "11 gb"}, 5, "the quota of memory allows 5"},
		{"what runs", map[string]string{"job.autoscaler.quota.cpu": "6"}, 0, quotaReached},
		{"less than what runs", map[string]string{"job.autoscaler.quota.cpu": "3"}, 0, quotaReached},
		{"the reference gives all or nothing", map[string]string{"job.autoscaler.quota.cpu": "8.9", "sluice.quota.partial.enabled": "false"}, 6, ""}, // it does not know how slots are shared
		{"no quota", nil, 6, ""},
		{"two slots each: a part of one counts", map[string]string{"job.autoscaler.quota.cpu": "4.4", "taskmanager.numberOfTaskSlots": "2"}, 0, quotaReached},
		{"two slots each: the whole of one is used", map[string]string{"job.autoscaler.quota.cpu": "4.5", "taskmanager.numberOfTaskSlots": "2"}, 6, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, report := overQuota(t, tt.config)
			if tt.want == 0 {
				if report.Scaled || report.Decision.Reason != ReasonQuota || report.Obstacle.Reason != ReasonQuota {
					t.Errorf("decided %v for %s", report.Scaled, report.Decision.Reason)
				}
			} else if report.Decision.Vertices[1].To != tt.want || s.asked["work"] != tt.want {
				t.Errorf("decided %d and asked for %d, want %d", report.Decision.Vertices[1].To, s.asked["work"], tt.want)
			}
			if told := s.told("event Warning ResourceQuotaReached"); told != (tt.event != "") || !s.told(tt.event) {
				t.Errorf("want event %q:\n%s", tt.event, strings.Join(s.trace, "\n"))
			}
		})
	}
}

// What a job takes already is not taken from it, and what a scale-down sets free
// of more than the quota is gone.
func TestAJobAboveItsQuota(t *testing.T) {
	tests := []struct {
		name, job, cpu string
		apart          bool
		want           string
	}{
		{"room for neither: one shrinks, one stays", "runs source:4 work:4\nrate 3700", "7.5", true, "source:2 work:4"},
		{"room for one more", "runs source:4 work:4\nrate 3700", "10.5", true, "source:2 work:5"},
		{"growth that takes no slot", "runs source:1 work:30\nrate 19500", "30", false, "source:2 work:28"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newScript(t)
			s.config["job.autoscaler.quota.cpu"] = tt.cpu
			s.job.TaskManagerCPU, s.apart = 1.5, tt.apart
			s.run(tt.job)
			s.untilFull()
			if got := text(s.asked); got != tt.want {
				t.Errorf("asked for %s, want %s:\n%s", got, tt.want, strings.Join(s.trace, "\n"))
			}
		})
	}
}

// Tuned TaskManagers are what the quota is asked for, and where it says no, what
// tuning recommends is told.
func TestTheQuotaCountsTunedTaskManagers(t *testing.T) {
	config := map[string]string{"job.autoscaler.quota.memory": "6 gb", "taskmanager.memory.process.size": "4 gb", "job.autoscaler.memory.tuning.enabled": "true"}
	if s, _ := overQuota(t, config); s.asked["work"] != 6 || s.told("ResourceQuotaReached") {
		t.Errorf("tuned: asked for %v:\n%s", s.asked, strings.Join(s.trace, "\n"))
	}
	delete(config, "job.autoscaler.memory.tuning.enabled")
	if s, _ := overQuota(t, config); s.asked != nil || !s.told("ResourceQuotaReached") || !s.told("Configuration recommendation") {
		t.Errorf("not tuned: asked for %v:\n%s", s.asked, strings.Join(s.trace, "\n"))
	}
}

// The quota is used up in one step: the next decision changes nothing, and says so
// once.
func TestAfterAPartThereIsNoRescaleForTheRest(t *testing.T) {
	s, _ := overQuota(t, map[string]string{"job.autoscaler.quota.cpu": "7.5"})
	s.restart(s.asked)
	s.rate = 4900
	s.trace = nil
	report := s.untilFull()
	if report.Scaled || report.Decision.Reason != ReasonQuota || s.told("realize") {
		t.Errorf("%s:\n%s", report.Decision.Reason, strings.Join(s.trace, "\n"))
	}
	history := s.saved[s.job.Key].Scaling.History["work"]
	if len(history) != 1 || history[0].To != 5 || history[0].ExpectedRate != 5000 {
		t.Errorf("the history holds %+v", history)
	}
}

// A part that could not be had is not asked for again and again.
func TestAPartThatFailedIsNotAskedForAgainAtOnce(t *testing.T) {
	s := newScript(t)
	s.config["job.autoscaler.quota.cpu"] = "7.5"
	s.job.TaskManagerCPU = 1.5
	s.run("runs source:1 work:4\nrate 3900\nfail realize refused no slots")
	s.untilFull()
	s.trace = nil
	if report := s.untilFull(); report.Decision.Reason != ReasonFailedBefore || s.told("realize") {
		t.Errorf("%s:\n%s", report.Decision.Reason, strings.Join(s.trace, "\n"))
	}
}

// What the platform is asked, and what memory is tuned for, is what is left.
func TestThePlatformIsAskedForThePartOnly(t *testing.T) {
	r := &room{most: 5}
	s := newScript(t)
	s.job.TaskManagerCPU, s.job.TaskManagerMemory = 1.5, 2<<30
	s.config["job.autoscaler.quota.cpu"] = "7.5"
	scaler, err := New(t.Context(), Config{
		Collector: s.platform, OpenStore: s.open, Events: s.platform, Realizer: s.platform, Recorder: s.platform, Resources: r,
		Now: func() time.Time { return s.now },
	})
	if err != nil {
		t.Fatal(err)
	}
	s.scaler = scaler
	s.run("runs source:1 work:4\nrate 3900")
	report := s.untilFull()
	// Slots in use are not known there, so that the sum of all vertices counts.
	if len(r.asked) != 1 || r.asked[0].TaskManagersAfter != 6 || report.Decision.Vertices[1].To != 5 {
		t.Errorf("asked %+v for %+v", r.asked, report.Decision.Vertices[1])
	}
}

func TestAQuotaThatCannotBeCheckedFailsThePass(t *testing.T) {
	s, report := overQuota(t, map[string]string{"job.autoscaler.quota.cpu": "7.5", "taskmanager.numberOfTaskSlots": "0"})
	if report.Scaled || s.told("realize") || !s.told("a TaskManager has 0 slots") {
		t.Errorf("%s:\n%s", report.Decision.Reason, strings.Join(s.trace, "\n"))
	}
}

func TestTheGuardsSayWhatTheQuotaDid(t *testing.T) {
	_, report := overQuota(t, map[string]string{"job.autoscaler.quota.cpu": "7.5"})
	guards := report.Decision.Vertices[1].Guards
	want := scaling.Guard{Rule: scaling.RuleQuota, Before: 6, After: 5, Have: 6, Limit: 5}
	if len(guards) == 0 || guards[len(guards)-1] != want {
		t.Errorf("guards %+v", guards)
	}
}

// A quota that cannot be kept is not passed over in silence.
func TestAQuotaOfTaskManagersOfUnknownSizeIsWarnedOf(t *testing.T) {
	for _, partial := range []string{"true", "false"} {
		s := newScript(t)
		s.config["job.autoscaler.quota.cpu"], s.config["job.autoscaler.quota.memory"] = "1", "1 gb"
		s.config["sluice.quota.partial.enabled"] = partial
		s.run("runs source:1 work:4\nrate 3900")
		report := s.untilFull()
		text := errors.Join(report.Warnings...).Error()
		if !strings.Contains(text, "quota.cpu is not kept: the CPU of a TaskManager is not known") || !strings.Contains(text, "quota.memory is not kept") {
			t.Errorf("partial %s: warnings %q", partial, text)
		}
	}
}
