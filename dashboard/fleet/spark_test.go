package fleet

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
)

// A sparkline that is kept is the one that would be made.
func TestASparklineIsMadeAnewWhenThereIsNews(t *testing.T) {
	now := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	b := NewBook(func() time.Time { return now })
	key := autoscaler.JobKey{Job: "j"}
	j := b.job(key)
	for i := range 200 {
		at := now.Add(10 * time.Second)
		now = at.Add(time.Duration(i%4) * 7 * time.Second)
		for range i % 3 {
			j.past.add(Point{At: at, Source: float64(i)})
			at = at.Add(time.Millisecond)
		}
		got, want := b.Jobs()[0].Spark, j.past.between(now.Add(-sparkSpan), now.Add(time.Second), sparkPoints)
		if news := i%3 > 0; news && !slices.Equal(got, want) {
			t.Fatalf("after %d steps: %d points, want %d: the news is not there", i, len(got), len(want))
		}
	}
	if err := b.Handle(context.Background(), &autoscaler.JobContext{Key: key}, autoscaler.Event{At: now}); err != nil {
		t.Fatal(err)
	}
	now = now.Add(time.Hour)
	if points := b.Jobs()[0].Spark; len(points) != 0 {
		t.Errorf("an hour later it has %d points", len(points))
	}
}

func TestASparklineIsKeptWhileThereIsNone(t *testing.T) {
	now := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	b := NewBook(func() time.Time { return now })
	b.job(autoscaler.JobKey{Job: "j"}).past.add(Point{At: now})
	first := b.Jobs()[0].Spark
	now = now.Add(sparkKept / 2)
	if again := b.Jobs()[0].Spark; len(first) != 1 || &again[0] != &first[0] {
		t.Error("it was made again")
	}
}
