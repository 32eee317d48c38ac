package dashboard

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/sluice-project/sluice/dashboard/fleet"
)

// ClusterView is what a cluster says of itself.
type ClusterView struct {
	Name    string `json:"name"`
	Address string `json:"address"`
	Version string `json:"version"`
	// Slots are those that there are, Free those that nobody uses.
	Slots        int               `json:"slots"`
	Free         int               `json:"free"`
	TaskManagers []TaskManagerView `json:"taskManagers"`
	// Jobs are what the jobs have declared and got.
	Jobs []JobSlots `json:"jobs"`
}

// TaskManagerView is one TaskManager.
type TaskManagerView struct {
	ID    string `json:"id"`
	Slots int    `json:"slots"`
	Free  int    `json:"free"`
	// Cores is the number of CPU cores it has.
	Cores float64 `json:"cores"`
	// Memory is its process's in bytes; 0 where Flink does not say.
	Memory int64 `json:"memory"`
	// Heard is when it was heard of last.
	Heard time.Time `json:"heard"`
	// Jobs are those that hold its slots; nil where that was not asked.
	Jobs []SlotsHeld `json:"jobs,omitempty"`
}

// SlotsHeld is how many slots of a TaskManager a job holds.
type SlotsHeld struct {
	Job   string `json:"job"`
	Name  string `json:"name"`
	Slots int    `json:"slots"`
}

// JobSlots is what a job has declared and got, vertex by vertex.
type JobSlots struct {
	Job      string         `json:"job"`
	Name     string         `json:"name"`
	Status   string         `json:"status"`
	Vertices []VertexBounds `json:"vertices"`
}

// VertexBounds are the bounds of a vertex as Flink has them.
type VertexBounds struct {
	Vertex string `json:"vertex"`
	Name   string `json:"name"`
	Lower  int    `json:"lower"`
	Upper  int    `json:"upper"`
	// Parallelism is what runs, MaxParallelism the most that can.
	Parallelism    int `json:"parallelism"`
	MaxParallelism int `json:"maxParallelism"`
	// SharingGroup tells which vertices share slots; empty where Flink does not say.
	SharingGroup string `json:"sharingGroup,omitempty"`
}

// clusters lists the clusters with the states of their jobs.
func (d *Dashboard) clusters(r *http.Request) (any, error) {
	q := r.URL.Query()
	most, err := count(q, "limit", defaultListed, mostListed)
	if err != nil {
		return nil, err
	}
	type view struct {
		Name   string              `json:"name"`
		Jobs   int                 `json:"jobs"`
		States map[fleet.State]int `json:"states"`
		// Parallelism is that of all jobs together.
		Parallelism int `json:"parallelism"`
		// Look tells whether the cluster can be asked.
		Look bool `json:"look"`
		// Up tells whether it answered the newest look, LastAnswer when it answered last;
		// Error is what came instead, empty while it is up.
		Up         bool       `json:"up"`
		LastAnswer *time.Time `json:"lastAnswer"`
		Error      string     `json:"error"`
		seen       time.Time  // the newest pass over one of its jobs
	}
	views := map[string]*view{}
	for _, name := range d.clusterNames() {
		views[name] = &view{Name: name, States: map[fleet.State]int{}, Look: true}
	}
	for _, s := range d.cfg.Book.Jobs() {
		v := d.viewOf(s)
		c := views[v.Cluster]
		if c == nil {
			c = &view{Name: v.Cluster, States: map[fleet.State]int{}}
			views[v.Cluster] = c
		}
		c.Jobs++
		c.States[v.State]++
		c.Parallelism += s.Parallelism
		if s.Seen.After(c.seen) {
			c.seen = s.Seen
		}
	}
	all := make([]*view, 0, len(views))
	for _, v := range views {
		v.Up, v.LastAnswer, v.Error = d.answers(v.Name, v.seen)
		if after := q.Get("after"); !q.Has("after") || v.Name > after {
			all = append(all, v)
		}
	}
	slices.SortFunc(all, func(a, b *view) int { return strings.Compare(a.Name, b.Name) })
	var next *string
	if len(all) > most {
		all, next = all[:most], &all[most-1].Name
	}
	return map[string]any{"clusters": all, "next": next}, nil
}

// answers tells whether a cluster answers, when it did last, and what came instead.
// One that is not looked at here answers whom its jobs are with, who saw one then.
func (d *Dashboard) answers(name string, seen time.Time) (up bool, last *time.Time, text string) {
	if name == Unnamed {
		name = ""
	}
	c, looked := d.cfg.Book.Cluster(name)
	if !looked {
		return !seen.IsZero(), when(seen), ""
	}
	return c.Up, when(c.Last), c.Error
}

func (d *Dashboard) clusterNames() []string {
	if d.cfg.Clusters == nil {
		return nil
	}
	var names []string
	for _, name := range d.cfg.Clusters.Names() {
		names = append(names, clusterName(name))
	}
	return names
}

// cluster asks one cluster.
func (d *Dashboard) cluster(r *http.Request) (any, error) {
	name := r.PathValue("cluster")
	if !slices.Contains(d.clusterNames(), name) {
		return nil, notFound("no cluster %q is watched here", name)
	}
	if name == Unnamed {
		name = ""
	}
	view, err := d.cfg.Clusters.Look(r.Context(), name)
	view.Name = clusterName(view.Name)
	return view, err
}
