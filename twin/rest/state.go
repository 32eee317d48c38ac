package rest

import (
	"time"

	"github.com/sluice-project/sluice/twin"
)

// stateBody is what is, as JSON.
type stateBody struct {
	Now          time.Time         `json:"now"`
	JobManager   string            `json:"jobmanager"`
	TaskManagers []taskManagerBody `json:"taskmanagers"`
	Slots        int               `json:"slots"`
	FreeSlots    int               `json:"freeSlots"`
	Jobs         []jobBody         `json:"jobs"`
}

type taskManagerBody struct {
	ID    string `json:"id"`
	State string `json:"state"`
	Slots int    `json:"slots"`
	Free  int    `json:"freeSlots"`
}

type jobBody struct {
	ID       string       `json:"id"`
	Name     string       `json:"name"`
	Status   string       `json:"status"`
	Restarts int          `json:"restarts"`
	Vertices []vertexBody `json:"vertices"`
	// Batch are those of a batch job, which has no others.
	Batch []batchVertexBody `json:"batchVertices,omitempty"`
}

// batchVertexBody is a vertex of a batch job; its parallelism is null while it is not
// decided.
type batchVertexBody struct {
	ID           string `json:"id"`
	Name         string `json:"name"`
	Parallelism  *int   `json:"parallelism"`
	Finished     int    `json:"finished"`
	ReadBytes    int64  `json:"readBytes"`
	WrittenBytes int64  `json:"writtenBytes"`
}

// vertexBody is a vertex; rates are in records/s.
type vertexBody struct {
	ID          string     `json:"id"`
	Name        string     `json:"name"`
	Parallelism int        `json:"parallelism"`
	Lower       int        `json:"lowerBound"`
	Upper       int        `json:"upperBound"`
	Rate        float64    `json:"rate"`
	Capacity    float64    `json:"capacity"`
	StateBytes  float64    `json:"stateBytes"`
	Pending     *float64   `json:"pending,omitempty"`
	Arrived     *float64   `json:"arrived,omitempty"`
	Lost        *float64   `json:"lost,omitempty"`
	Watermark   *time.Time `json:"watermark,omitempty"`
}

func stateOf(s twin.State) stateBody {
	b := stateBody{Now: s.Now, JobManager: "up", TaskManagers: []taskManagerBody{}, Slots: s.Slots, FreeSlots: s.FreeSlots, Jobs: []jobBody{}}
	if s.Down {
		b.JobManager = "down"
	}
	for _, tm := range s.TaskManagers {
		b.TaskManagers = append(b.TaskManagers, taskManagerBody{
			ID: string(tm.ID), State: tm.Health.String(), Slots: tm.Slots, Free: tm.Slots - len(tm.Held),
		})
	}
	for i := range s.Jobs {
		b.Jobs = append(b.Jobs, jobOf(&s.Jobs[i]))
	}
	return b
}

func jobOf(j *twin.JobState) jobBody {
	b := jobBody{ID: j.ID, Name: j.Name, Status: j.Status, Restarts: j.Restarts, Vertices: []vertexBody{}}
	if j.Batch {
		b.Batch = batchVertices(j)
		return b
	}
	b.Vertices = streamVertices(j)
	return b
}

func batchVertices(j *twin.JobState) []batchVertexBody {
	all := make([]batchVertexBody, len(j.Vertices))
	for i, v := range j.Vertices {
		all[i] = batchVertexBody{ID: v.ID, Name: v.Name, Finished: v.Finished, ReadBytes: v.ReadBytes, WrittenBytes: v.WrittenBytes}
		if v.Parallelism > 0 {
			all[i].Parallelism = &j.Vertices[i].Parallelism
		}
	}
	return all
}

func streamVertices(j *twin.JobState) []vertexBody {
	all := []vertexBody{}
	for i, v := range j.Vertices {
		shown := vertexBody{ID: v.ID, Name: v.Name, Parallelism: v.Parallelism, Lower: v.Lower, Upper: v.Upper}
		if i < len(j.Flow.Vertices) {
			f := &j.Flow.Vertices[i]
			shown.Rate, shown.Capacity, shown.StateBytes = f.Rate, f.Capacity, f.StateBytes
			if s := f.Source; s != nil {
				pending := 0.0
				for _, p := range s.Pending {
					pending += p
				}
				shown.Pending, shown.Arrived, shown.Lost = &pending, &s.Arrived, &s.Lost
			}
			if !f.Watermark.IsZero() {
				shown.Watermark = &f.Watermark
			}
		}
		all = append(all, shown)
	}
	return all
}
