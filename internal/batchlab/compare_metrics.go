package batchlab

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/sluice-project/sluice/scheduler/batch"
	"github.com/sluice-project/sluice/scheduler/slots"
)

// What ends a subpartition: the end of the data and the end of the partition.
const (
	endOfData      = 5
	endOfPartition = 4
)

// compareMetrics holds the bytes that tasks wrote against those that they counted, and the bytes that we think they read.
func (c *comparison) compareMetrics(v *Vertex, decided batch.Decision, row *Row) error {
	counted, err := c.recording.tasks(v.Vertex)
	if err != nil {
		return err
	}
	for task := range counted {
		var wrote int64
		for _, made := range v.Results {
			for _, b := range c.written[made.Result][task] {
				wrote += b
			}
		}
		if wrote != counted[task].written {
			row.Differs = append(row.Differs, "bytes written")
			break
		}
	}
	if len(v.Inputs) > 0 {
		c.compareRead(counted, decided, row)
	}
	return nil
}

// compareRead: both are the same, but for two things. From 2.3 on, of the subpartitions that a task reads through one
// channel, which are those of one partition, it counts what ends them once. And tasks that are done when the data is may
// count the end of a partition or not.
func (c *comparison) compareRead(counted []traffic, decided batch.Decision, row *Row) {
	if row.Tasks = len(counted); row.Tasks != len(decided.Read) {
		row.Differs = append(row.Differs, "bytes read")
		return
	}
	for task := range counted {
		channels, cells := c.channels(decided, task)
		unread := decided.Read[task] - counted[task].read
		loose := unread - int64(cells-channels)*(endOfData+endOfPartition)
		if loose < 0 || loose > int64(channels)*endOfPartition || loose%endOfPartition != 0 {
			row.Differs = append(row.Differs, "bytes read")
			return
		}
		row.Unread += unread
		row.Loose += loose
		if loose > 0 {
			row.LooseTasks++
		}
	}
}

// channels are those through which a task reads, and how many subpartitions of partitions it reads in all.
func (c *comparison) channels(d batch.Decision, task int) (channels, cells int) {
	for _, input := range d.Blocks {
		partitions := map[int]bool{}
		for _, b := range input[task] {
			cells += b.Partitions.Len() * b.Subpartitions.Len()
			for p := b.Partitions.First; p <= b.Partitions.Last; p++ {
				partitions[p] = true
			}
		}
		channels += len(partitions)
	}
	if c.options.Version == slots.V1_20 { // one for each
		channels = cells
	}
	return channels, cells
}

// traffic is what a task counted.
type traffic struct{ read, written, records int64 } // bytes, and the records written

// tasks are those of a vertex, as its REST body tells.
func (r *Recording) tasks(vertex string) ([]traffic, error) {
	var body struct {
		Subtasks []struct {
			Metrics struct {
				Read    int64 `json:"read-bytes"`
				Written int64 `json:"write-bytes"`
				Records int64 `json:"write-records"`
				All     bool  `json:"read-bytes-complete"`
			}
		}
	}
	if err := json.Unmarshal(r.Bodies["/jobs/"+r.Job+"/vertices/"+vertex].JSON, &body); err != nil {
		return nil, fmt.Errorf("read the body of a vertex: %w", err)
	}
	var all []traffic
	for _, s := range body.Subtasks {
		if !s.Metrics.All {
			return nil, errors.New("the bytes that a task read are not complete")
		}
		all = append(all, traffic{s.Metrics.Read, s.Metrics.Written, s.Metrics.Records})
	}
	return all, nil
}
