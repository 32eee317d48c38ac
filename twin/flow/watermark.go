package flow

// markStart writes down where the watermarks of a new attempt begin, on the edges.
func (j *Job) markStart() {
	n := j.network
	begin := make([]float64, len(j.m.Vertices))
	for _, v := range n.order {
		for k, e := range n.in[v] {
			if from := begin[n.from[e]]; k == 0 || from < begin[v] {
				begin[v] = from
			}
		}
		if s := j.m.Vertices[v].Source; s != nil {
			begin[v] = j.sourceMark(v, s)
		}
		for _, e := range n.out[v] {
			j.m.Edges[e].Marks.add(0, begin[v])
		}
	}
}

// sourceMark is the watermark of a source: that of the partition that is furthest
// behind.
func (j *Job) sourceMark(vertex int, s *sourceMemory) float64 {
	spec := j.graph.Vertices[vertex].Source
	if spec.Endless {
		return j.m.Now.Seconds() - spec.OutOfOrder.Seconds()
	}
	behind := 0.0
	for p, share := range j.partitions[vertex] {
		if share > 0 {
			behind = max(behind, s.Pending[p]/share)
		}
	}
	return s.readUntil(behind, 1) - spec.OutOfOrder.Seconds()
}

// mark moves the watermarks on.
func (j *Job) mark() {
	n := j.network
	for _, i := range n.order {
		v := &j.m.Vertices[i]
		if j.m.Parallelism[i] == 0 {
			v.HoldsNothing = true
			continue
		}
		mark, known := 0.0, false
		if v.Source != nil {
			mark, known = j.markSource(i, v)
		} else {
			mark, known = j.markInputs(i, v)
		}
		if known && (!v.HasWatermark || mark > v.Watermark) {
			v.HasWatermark, v.Watermark = true, mark
		}
		if !v.HasWatermark {
			continue
		}
		for _, e := range n.out[i] {
			j.m.Edges[e].Marks.add(j.m.Edges[e].Entered, v.Watermark)
		}
	}
}

// markSource is a source's watermark; there is none before the first record.
func (j *Job) markSource(i int, v *vertexMemory) (mark float64, known bool) {
	spec, s := j.graph.Vertices[i].Source, v.Source
	v.HoldsNothing = spec.Idleness > 0 && !spec.Endless && sum(s.Pending) <= 0 &&
		j.m.Now.Seconds()-s.Log.timeOf(s.Arrived) > spec.Idleness.Seconds()
	if spec.NoEventTime || v.Taken == 0 {
		return 0, false
	}
	return j.sourceMark(i, s), true
}

// markInputs is the least of what came out of the queues before a vertex. Inputs
// that rest do not count.
func (j *Job) markInputs(i int, v *vertexMemory) (mark float64, known bool) {
	v.HoldsNothing = true
	known = true
	for _, e := range j.network.in[i] {
		edge, from := &j.m.Edges[e], &j.m.Vertices[j.network.from[e]]
		if from.HoldsNothing && edge.Queue <= 0 {
			continue
		}
		at := edge.Entered - edge.Queue
		edge.Marks.forget(at)
		if !from.HasWatermark || at <= 0 {
			v.HoldsNothing, known = false, false
			continue
		}
		if m := edge.Marks.timeOf(at); v.HoldsNothing || m < mark {
			mark = m
		}
		v.HoldsNothing = false
	}
	return mark, known && !v.HoldsNothing
}
