package steer

import (
	"context"
	"slices"

	"github.com/sluice-project/sluice/dashboard"
)

// mostLooked is how many jobs of a cluster are asked for their bounds at a look.
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
	for _, m := range managers {
		one := dashboard.TaskManagerView{ID: m.ID, Slots: m.Slots, Free: m.FreeSlots, Cores: float64(m.Hardware.CPUCores), Heard: m.LastHeartbeat.Time().UTC()}
		if m.Memory != nil && m.Memory.TotalProcessMemory != nil {
			one.Memory = *m.Memory.TotalProcessMemory
		}
		view.TaskManagers = append(view.TaskManagers, one)
	}
	jobs, err := client.JobsOverview(ctx)
	if err != nil {
		return view, err
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
