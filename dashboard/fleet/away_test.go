package fleet

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
)

func TestJobsOfAClusterThatDoesNotAnswerAreAway(t *testing.T) {
	b := bookAt(time.Hour)
	b.Looked("test", start, nil)
	record(t, b, pass{rate: 400, from: 1, to: 1}.report())
	for i := 1; i < 4; i++ {
		b.Looked("test", start.Add(time.Duration(i)*time.Minute), errors.New("connection refused"))
	}
	// A pass that was on its way may still fail.
	fails := autoscaler.Event{At: start, Reason: autoscaler.EventAutoscalerError, Message: "a 500"}
	if err := b.Handle(t.Context(), &autoscaler.JobContext{Key: keyOf("j1"), Name: "clicks"}, fails); err != nil {
		t.Fatal(err)
	}
	s := b.Jobs()[0]
	wantGlance(t, "while its cluster is away", s, "clicks away known=true parallelism=2", "since 2026-07-01T12:01:00Z: connection refused")
	if !s.Since.Equal(start.Add(time.Minute)) || !s.Seen.Equal(start) || s.Failure != nil {
		t.Errorf("away since %s, seen at %s, failure %+v", s.Since, s.Seen, s.Failure)
	}
	wantCluster(t, b, Cluster{Last: start, Since: start.Add(time.Minute), Error: "connection refused"})
	b.Looked("test", start.Add(5*time.Minute), nil)
	if s := b.Jobs()[0]; s.State != Failed || s.Why != "a 500" {
		t.Errorf("after it came back it is %s (%s)", s.State, s.Why)
	}
	record(t, b, pass{at: 5 * time.Minute, rate: 400, from: 1, to: 1}.report())
	wantGlance(t, "after a pass", b.Jobs()[0], "clicks steady known=true parallelism=2", "")
	wantCluster(t, b, Cluster{Up: true, Last: start.Add(5 * time.Minute)})
}

func wantCluster(t *testing.T, b *Book, want Cluster) {
	t.Helper()
	if c, known := b.Cluster("test"); !known || c != want {
		t.Errorf("the cluster is %+v, want %+v", c, want)
	}
}

func TestAClusterThatNeverAnswered(t *testing.T) {
	b := bookAt(0)
	moved := b.Moved()
	b.Looked("", start, errors.New("no route"))
	b.Looked("", start.Add(time.Second), errors.New("refused"))
	if c, known := b.Cluster(""); !known || c.Up || !c.Last.IsZero() || !c.Since.Equal(start) || c.Error != "refused" {
		t.Errorf("it is %+v", c)
	}
	select {
	case <-moved:
	default:
		t.Error("nobody was told")
	}
}

// Another process may reach what this one does not.
func TestJobsOfOtherProcessesAreNotAway(t *testing.T) {
	b := lasting(keyOf("j1"))
	b.Owners(func(autoscaler.JobKey) string { return "sluice-b" })
	b.Looked("test", start, errors.New("refused"))
	if s := b.Jobs()[0]; s.State == Away || !strings.Contains(s.Why, "sluice-b") {
		t.Errorf("%s (%s)", s.State, s.Why)
	}
}
