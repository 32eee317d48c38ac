package autoscaler

import (
	"fmt"
	"strings"
	"time"

	"github.com/sluice-project/sluice/scaling"
)

// EventType is Normal or Warning, as for a Kubernetes event.
type EventType string

// The event types.
const (
	EventNormal  EventType = "Normal"
	EventWarning EventType = "Warning"
)

// The reasons of events. Those up to EventAutoscalerError are the reference's.
const (
	EventScalingReport      = "ScalingReport"
	EventIneffectiveScaling = "IneffectiveScaling"
	EventScalingLimited     = "ScalingLimited"
	EventMemoryPressure     = "MemoryPressure"
	EventResourceQuota      = "ResourceQuotaReached"
	EventScalingVetoed      = "ScalingVetoed"
	EventMemoryTuning       = "Configuration recommendation"
	EventScaling            = "Scaling"
	// EventOptionsValidation: the job's configuration is refused, and the job left
	// alone.
	EventOptionsValidation = "AutoScaler Options Validation"
	EventAutoscalerError   = "AutoscalerError"
	// EventScalingBlocked: a decision is not executed, for a reason that lies
	// outside of the figures.
	EventScalingBlocked = "ScalingBlocked"
	// EventRescaled and EventRescaleFailed end what EventScaling began.
	EventRescaled      = "Rescaled"
	EventRescaleFailed = "RescaleFailed"
	// EventBoundsChanged: someone else changed the resource requirements.
	EventBoundsChanged = "BoundsChanged"
	// EventNotScalable: a bottleneck that no parallelism mends.
	EventNotScalable = "NotScalable"
	// EventMetricsUnusable: metrics are missing or make no sense.
	EventMetricsUnusable = "MetricsUnusable"
	// EventStateConflict: another process wrote the job's state during a pass,
	// which therefore ended without acting.
	EventStateConflict = "StateConflict"
	// EventStateSetAside: the job's state could not be decoded and was set aside.
	EventStateSetAside = "StateSetAside"
	// EventStateStoreAway and EventStateStoreBack: the state store does not answer,
	// and does so again.
	EventStateStoreAway = "StateStoreUnavailable"
	EventStateStoreBack = "StateStoreAvailable"
	// EventClusterAway and EventClusterBack: a cluster does not answer, and does so
	// again.
	EventClusterAway = "ClusterUnavailable"
	EventClusterBack = "ClusterAvailable"
)

// Event is something worth telling.
type Event struct {
	At      time.Time
	Type    EventType
	Reason  string
	Message string
	// Key identifies the event among those of its reason; the message does when
	// it is empty.
	Key string
	// Interval is how long a repetition of the event is worth nothing; 0 means
	// that every one counts.
	Interval time.Duration
	// Changes is set for scaling reports.
	Changes []Change
}

// Change is one vertex in a scaling report. Rates are in records/s.
type Change struct {
	Vertex           scaling.VertexID
	Name             string
	From, To         int
	Capacity         float64
	ExpectedCapacity float64
	TargetRate       float64
}

// The headers of scaling reports, word for word the reference's: tools parse
// them.
const (
	headerExecuted = "Scaling execution enabled, begin scaling vertices:"
	headerDisabled = "Scaling execution disabled by config job.autoscaler.scaling.enabled:false, recommended parallelism change:"
	headerExcluded = "Scaling execution disabled by config job.autoscaler.excluded.periods:[%s], recommended parallelism change:"
)

// scalingReport renders the changes of a decision.
func scalingReport(header string, changes []Change) string {
	var b strings.Builder
	b.WriteString(header)
	for _, c := range changes {
		fmt.Fprintf(&b, "{ Vertex ID %s | Parallelism %d -> %d | Processing capacity %s -> %s | Target data rate %s}",
			c.Vertex, c.From, c.To, scaling.FormatRate(c.Capacity), scaling.FormatRate(c.ExpectedCapacity), scaling.FormatRate(c.TargetRate))
	}
	return b.String()
}

// changesOf lists what a decision changes, or would change where it is not
// executed.
func changesOf(d *scaling.Decision, e *scaling.Evaluation) []Change {
	var changes []Change
	for i := range d.Vertices {
		v := &d.Vertices[i]
		if !v.Changed() {
			continue
		}
		ev := &e.Vertices[i]
		changes = append(changes, Change{
			Vertex: v.Vertex, Name: v.Name, From: v.From, To: v.To,
			Capacity: ev.TrueProcessingRate, ExpectedCapacity: v.ExpectedRate, TargetRate: ev.TargetRate,
		})
	}
	return changes
}

// noteEvent puts into words what the algorithm noticed.
func noteEvent(n scaling.Note, interval time.Duration) Event {
	e := Event{Type: EventNormal, Interval: interval}
	switch n.Kind {
	case scaling.NoteIneffective:
		word := "disabled"
		if n.Blocking {
			word = "enabled"
		}
		e.Reason = EventIneffectiveScaling
		e.Message = fmt.Sprintf("Ineffective scaling detected for %s (expected increase: %s, actual increase %s). Blocking of ineffective scaling decisions is %s",
			n.Vertex, scaling.FormatDouble(n.A), scaling.FormatDouble(n.B), word)
		e.Key = "ineffective" + string(n.Vertex) + scaling.FormatDouble(n.A)
	case scaling.NoteLimited:
		e.Type, e.Reason, e.Key = EventWarning, EventScalingLimited, "ScalingLimited"+string(n.Vertex)
		e.Message = fmt.Sprintf("Scaling limited detected for %s (expected parallelism: %.0f, actual parallelism %.0f). Scaling limited due to numKeyGroupsOrPartitions : %d，upperBoundForAlignment(maxParallelism or parallelismUpperLimit): %d, parallelismLowerLimit: %d.",
			n.Vertex, n.A, n.B, n.Groups, n.Bound, n.Lower)
	case scaling.NoteGCPressure:
		e.Reason, e.Key = EventMemoryPressure, "gcPressure"
		e.Message = "GC Pressure " + scaling.FormatDouble(n.A) + " is above the allowed limit for scaling operations. Please adjust the available memory manually."
	case scaling.NoteHeapUsage:
		e.Reason, e.Key = EventMemoryPressure, "heapUsage"
		e.Message = "Heap Usage " + scaling.FormatDouble(n.A) + " is above the allowed limit for scaling operations. Please adjust the available memory manually."
	case scaling.NoteSkewed:
		e.Type, e.Reason, e.Key = EventWarning, EventNotScalable, "skewed"+string(n.Vertex)
		e.Message = fmt.Sprintf("skewed, not scalable: of what vertex %s gets, %s records/s stay on one subtask whatever the parallelism, and a subtask can do %s records/s: spread the hot key, or make its records cheaper",
			n.Vertex, scaling.FormatRate(n.A), scaling.FormatRate(n.B))
	}
	return e
}

// ChangesText is the same for two reports of the same changes of parallelism,
// whatever their rates.
func ChangesText(changes []Change) string {
	var b strings.Builder
	for _, c := range changes {
		fmt.Fprintf(&b, "%s:%d>%d ", c.Vertex, c.From, c.To)
	}
	return b.String()
}
