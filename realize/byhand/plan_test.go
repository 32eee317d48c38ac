package byhand

import (
	"strings"
	"testing"

	"github.com/sluice-project/sluice/flink"
)

func TestAJobIsFoundBeforeThoseThatEnded(t *testing.T) {
	job := func(id, name string, state flink.JobStatus, end flink.Millis) flink.JobSummary {
		return flink.JobSummary{ID: flink.JobID(id), Name: name, State: state, EndTime: end}
	}
	jobs := []flink.JobSummary{
		job("aa11", "orders", flink.JobCanceled, 5), job("aa22", "orders", flink.JobRestarting, -1),
		job("bb11", "aa", flink.JobRunning, -1), job("cc11", "old", flink.JobCanceled, 5), job("cc22", "old", flink.JobFailed, 9),
		job("dd11", "twice", flink.JobRunning, -1), job("dd22", "twice", flink.JobRunning, -1),
	}
	for name, want := range map[string]string{
		"orders": "aa22", "aa11": "!(aa11) has ended (CANCELED)", "aa": "bb11", "AA2": "aa22", "old": "!(cc22) has ended (FAILED): only a job that runs",
		"twice": `!is more than one job: "twice" (dd11), "twice" (dd22); give the id`, "dd": "!more than one job", "cc1": "!has ended",
		"none": `!there are "aa" (bb11), "orders" (aa22), "twice" (dd11)`,
	} {
		got, err := FindJob(jobs, name)
		if problem, bad := strings.CutPrefix(want, "!"); bad {
			if err == nil || !strings.Contains(err.Error(), problem) {
				t.Errorf("%s: %v, want …%s…", name, err, problem)
			}
		} else if err != nil || string(got.ID) != want {
			t.Errorf("%s: %s, %v, want %s", name, got.ID, err, want)
		}
	}
	if _, err := FindJob(nil, "x"); err == nil || !strings.Contains(err.Error(), "none runs there") {
		t.Error(err)
	}
}
