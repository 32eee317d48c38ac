package flink

// UnmarshalJSON reads the counters by hand: they are the bulk of every body
// that is read often. A counter that is absent or null counts as incomplete,
// whatever its flag says, so that it is never taken for 0.
func (m *IOMetrics) UnmarshalJSON(text []byte) error {
	*m = IOMetrics{}
	if string(text) == "null" {
		return nil
	}
	if len(text) == 0 || text[0] != '{' {
		return notA[IOMetrics](text)
	}
	var sent sentCounters
	err := members(text, func(key, value []byte) error { return m.set(key, value, &sent) })
	m.ReadBytesComplete = m.ReadBytesComplete && sent.readBytes
	m.WriteBytesComplete = m.WriteBytesComplete && sent.writeBytes
	m.ReadRecordsComplete = m.ReadRecordsComplete && sent.readRecords
	m.WriteRecordsComplete = m.WriteRecordsComplete && sent.writeRecords
	return err
}

type sentCounters struct{ readBytes, writeBytes, readRecords, writeRecords bool }

func (m *IOMetrics) set(key, value []byte, sent *sentCounters) error {
	switch string(key) {
	case "read-bytes":
		return readCounter(value, &m.ReadBytes, &sent.readBytes)
	case "write-bytes":
		return readCounter(value, &m.WriteBytes, &sent.writeBytes)
	case "read-records":
		return readCounter(value, &m.ReadRecords, &sent.readRecords)
	case "write-records":
		return readCounter(value, &m.WriteRecords, &sent.writeRecords)
	case "read-bytes-complete":
		return readFlag(value, &m.ReadBytesComplete)
	case "write-bytes-complete":
		return readFlag(value, &m.WriteBytesComplete)
	case "read-records-complete":
		return readFlag(value, &m.ReadRecordsComplete)
	case "write-records-complete":
		return readFlag(value, &m.WriteRecordsComplete)
	case "accumulated-backpressured-time":
		return m.AccumulatedBackPressured.UnmarshalJSON(value)
	case "accumulated-idle-time":
		return m.AccumulatedIdle.UnmarshalJSON(value)
	case "accumulated-busy-time":
		return m.AccumulatedBusy.UnmarshalJSON(value)
	}
	return nil
}

// UnmarshalJSON reads one metric by hand, as IOMetrics does.
func (a *AggregatedMetric) UnmarshalJSON(text []byte) error {
	*a = AggregatedMetric{}
	if len(text) == 0 || text[0] != '{' {
		return notA[AggregatedMetric](text)
	}
	return members(text, func(key, value []byte) error {
		switch string(key) {
		case "id":
			return readText(value, &a.ID)
		case "min":
			return a.Min.UnmarshalJSON(value)
		case "max":
			return a.Max.UnmarshalJSON(value)
		case "avg":
			return a.Avg.UnmarshalJSON(value)
		case "sum":
			return a.Sum.UnmarshalJSON(value)
		case "skew":
			return a.Skew.UnmarshalJSON(value)
		}
		return nil
	})
}

// UnmarshalJSON reads a vertex by hand, as IOMetrics does.
func (v *Vertex) UnmarshalJSON(text []byte) error {
	*v = Vertex{}
	if len(text) == 0 || text[0] != '{' {
		return notA[Vertex](text)
	}
	return members(text, v.set)
}

func (v *Vertex) set(key, value []byte) error {
	switch string(key) {
	case "id":
		return readText(value, (*string)(&v.ID))
	case "slotSharingGroupId":
		return readText(value, &v.SlotSharingGroupID)
	case "name":
		return readText(value, &v.Name)
	case "maxParallelism":
		return readInt(value, &v.MaxParallelism)
	case "parallelism":
		return readInt(value, &v.Parallelism)
	case "status":
		return readText(value, &v.Status)
	case "start-time":
		return readInt(value, &v.StartTime)
	case "end-time":
		return readInt(value, &v.EndTime)
	case "duration":
		return readInt(value, &v.Duration)
	case "tasks":
		return v.Tasks.UnmarshalJSON(value)
	case "metrics":
		return v.Metrics.UnmarshalJSON(value)
	}
	return nil
}

// UnmarshalJSON reads the counts by hand, as IOMetrics does.
func (c *TaskCounts) UnmarshalJSON(text []byte) error {
	*c = TaskCounts{}
	if string(text) == "null" {
		return nil
	}
	if len(text) == 0 || text[0] != '{' {
		return notA[TaskCounts](text)
	}
	return members(text, func(key, value []byte) error {
		if count := c.of(key); count != nil {
			return readInt(value, count)
		}
		return nil
	})
}

// of is the count of a status, nil for one that is not known.
func (c *TaskCounts) of(status []byte) *int {
	switch string(status) {
	case "CREATED":
		return &c.Created
	case "SCHEDULED":
		return &c.Scheduled
	case "DEPLOYING":
		return &c.Deploying
	case "INITIALIZING":
		return &c.Initializing
	case "RUNNING":
		return &c.Running
	case "FINISHED":
		return &c.Finished
	case "CANCELING":
		return &c.Canceling
	case "CANCELED":
		return &c.Canceled
	case "FAILED":
		return &c.Failed
	case "RECONCILING":
		return &c.Reconciling
	}
	return nil
}
