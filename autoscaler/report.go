package autoscaler

import (
	"time"

	"github.com/sluice-project/sluice/scaling"
)

// Report is what one pass found and did.
type Report struct {
	Job  JobKey
	Name string
	At   time.Time
	// Scope and Why are those of the job.
	Scope Scope
	Why   string
	// RunningSince is when the job last became RUNNING; zero where that was not read.
	RunningSince time.Time
	// Topology is nil when the job could not be read.
	Topology *scaling.Topology
	// Window tells how far the metric window has filled.
	Window scaling.Fullness
	// Samples is the number of samples in the window; 0 when none was taken.
	Samples int
	// Evaluation is nil when the samples did not allow one.
	Evaluation *scaling.Evaluation
	Decision   scaling.Decision
	// Obstacle is set when a decision was not executed for a reason outside of
	// the figures.
	Obstacle Obstacle
	// Held is that of the job.
	Held Obstacle
	// Act is the newest rescale of the job, nil when there was none.
	Act *Act
	// Warnings are what went wrong without an effect on the decision.
	Warnings []error
	// Scaled is true when this pass asked Flink for another parallelism.
	Scaled bool
}
