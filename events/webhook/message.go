package webhook

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
)

// Message is an event as a receiver gets it. Its JSON form is the body of a
// request without a template; fields are only ever added.
type Message struct {
	// ID is the same in each attempt to deliver the event, and no other event's.
	ID   string    `json:"id"`
	Time time.Time `json:"time"`
	// Type is Normal or Warning.
	Type    string `json:"type"`
	Reason  string `json:"reason"`
	Message string `json:"message"`
	// Cluster is left out where it has no name.
	Cluster string `json:"cluster,omitempty"`
	Job     string `json:"job"`
	Name    string `json:"name,omitempty"`
	// Changes is set for scaling reports.
	Changes []Change `json:"changes,omitempty"`
}

// Change is one vertex in a scaling report. Rates are in records/s.
type Change struct {
	Vertex           string `json:"vertex"`
	Name             string `json:"name"`
	From             int    `json:"from"`
	To               int    `json:"to"`
	Capacity         Rate   `json:"capacity"`
	ExpectedCapacity Rate   `json:"expectedCapacity"`
	TargetRate       Rate   `json:"targetRate"`
}

// Rate is a number of records/s; in JSON null where it is unknown or without
// bound.
type Rate float64

// MarshalJSON implements [json.Marshaler].
func (r Rate) MarshalJSON() ([]byte, error) {
	if math.IsNaN(float64(r)) || math.IsInf(float64(r), 0) {
		return []byte("null"), nil
	}
	return json.Marshal(float64(r))
}

// UnmarshalJSON implements [json.Unmarshaler].
func (r *Rate) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		*r = Rate(math.NaN())
		return nil
	}
	return json.Unmarshal(b, (*float64)(r))
}

func messageOf(job *autoscaler.JobContext, e *autoscaler.Event) Message {
	m := Message{
		ID: newID(), Time: e.At.UTC(), Type: string(e.Type), Reason: e.Reason, Message: e.Message,
		Cluster: job.Key.Cluster, Job: string(job.Key.Job), Name: job.Name,
	}
	for _, c := range e.Changes {
		m.Changes = append(m.Changes, Change{
			Vertex: string(c.Vertex), Name: c.Name, From: c.From, To: c.To,
			Capacity: Rate(c.Capacity), ExpectedCapacity: Rate(c.ExpectedCapacity), TargetRate: Rate(c.TargetRate),
		})
	}
	return m
}

func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // it never fails
	return hex.EncodeToString(b[:])
}

// key is the key of the message's job.
func (m Message) key() string {
	if m.Cluster == "" {
		return m.Job
	}
	return m.Cluster + "/" + m.Job
}

// Title names the job for people: its name, and in brackets its cluster and id.
func (m Message) Title() string {
	if m.Name == "" {
		return m.key()
	}
	return fmt.Sprintf("%q (%s)", m.Name, m.key())
}
