package e2e

import (
	"encoding/json"
	"os/exec"
	"testing"
	"time"

	"github.com/sluice-project/sluice/internal/realflink"
)

// rescaledByHand changes the heavy vertex of a job with sluice rescale, there and
// back, and expects Flink to say so each time.
func rescaledByHand(t *testing.T, cluster *realflink.Cluster, job *realflink.Job) {
	t.Helper()
	w := watchJob(t, cluster, job)
	for _, want := range []struct {
		wish string
		runs int
	}{{"work=2", 2}, {"work=1", 1}} {
		began := time.Now()
		out, err := exec.Command(binary, "rescale", job.ID[:8], want.wish, "--wait", "--timeout", "1m", "-o", "json", "--flink", cluster.URL()).Output()
		if err != nil {
			t.Fatalf("sluice rescale %s: %v\n%s", want.wish, err, out)
		}
		var told struct{ Applied bool }
		if err := json.Unmarshal(out, &told); err != nil || !told.Applied {
			t.Errorf("sluice rescale %s: %v in %s", want.wish, err, out)
		}
		eventually(t, "Flink runs "+want.wish, 5*time.Second, func() bool { return w.now()["work"] == want.runs })
		if n := w.starts(began); n != 1 {
			t.Errorf("sluice rescale %s: the job was started %d times", want.wish, n)
		}
	}
}
