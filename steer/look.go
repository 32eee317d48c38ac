package steer

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/sluice-project/sluice/dashboard"
	"github.com/sluice-project/sluice/flink"
)

// mostLooked is how many jobs of a cluster are asked for their bounds at a look, and
// how many TaskManagers who holds their slots.
const mostLooked = 50

// Names implements [dashboard.Clusters].
func (h *Hand) Names() []string {
	names := make([]string, 0, len(h.cfg.Clients))
	for name := range h.cfg.Clients {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Look implements [dashboard.Clusters]. Of a cluster with very many jobs the first
// are shown with their bounds.
func (h *Hand) Look(ctx context.Context, name string) (dashboard.ClusterView, error) {
	client, err := h.client(name)
	if err != nil {
		return dashboard.ClusterView{}, err
	}
	view := dashboard.ClusterView{Name: name, Address: client.Address(), TaskManagers: []dashboard.TaskManagerView{}, Jobs: []dashboard.JobSlots{}}
	overview, err := client.Overview(ctx)
	if err != nil {
		return view, err
	}
	view.Version, view.Slots, view.Free = overview.FlinkVersion, overview.SlotsTotal, overview.SlotsAvailable
	managers, err := client.TaskManagers(ctx)
	if err != nil {
		return view, err
	}
	jobs, err := client.JobsOverview(ctx)
	if err != nil {
		return view, err
	}
	names := map[flink.JobID]string{}
	for _, job := range jobs {
		names[job.ID] = job.Name
	}
	for i := range managers {
		one := managerView(&managers[i])
		if i < mostLooked {
			one.Jobs = heldBy(ctx, client, one.ID, names)
		}
		view.TaskManagers = append(view.TaskManagers, one)
	}
	for _, job := range jobs {
		if job.State.Terminal() || len(view.Jobs) >= mostLooked {
			continue
		}
		slots := dashboard.JobSlots{Job: string(job.ID), Name: job.Name, Status: string(job.State), Vertices: []dashboard.VertexBounds{}}
		if bounds, err := boundsOf(ctx, client, job.ID); err == nil { // one that is not rescalable has none
			slots.Vertices = bounds
		}
		view.Jobs = append(view.Jobs, slots)
	}
	return view, nil
}

func managerView(m *flink.TaskManager) dashboard.TaskManagerView {
	one := dashboard.TaskManagerView{ID: m.ID, Slots: m.Slots, Free: m.FreeSlots, Cores: float64(m.Hardware.CPUCores), Heard: m.LastHeartbeat.Time().UTC()}
	if m.Memory != nil && m.Memory.TotalProcessMemory != nil {
		one.Memory = *m.Memory.TotalProcessMemory
	}
	return one
}

// heldBy are the jobs that hold slots of a TaskManager, by name; nil where it does not
// say.
func heldBy(ctx context.Context, client *flink.Client, manager string, names map[flink.JobID]string) []dashboard.SlotsHeld {
	details, err := client.TaskManager(ctx, manager)
	if err != nil {
		return nil
	}
	slots := map[flink.JobID]int{}
	for _, s := range details.AllocatedSlots {
		slots[s.JobID]++
	}
	var held []dashboard.SlotsHeld
	for job, n := range slots {
		held = append(held, dashboard.SlotsHeld{Job: string(job), Name: names[job], Slots: n})
	}
	slices.SortFunc(held, func(a, b dashboard.SlotsHeld) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Job, b.Job))
	})
	return held
}
