package twin

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/scheduler/slots"
)

// catalog are the metrics that the subtasks of one vertex have, by name.
type catalog struct {
	names  []string
	byName map[string]entry
}

// entry is one metric: how it is read from a report, and how Flink prints it.
type entry struct {
	value func(d *dump, vertex, subtask int) float64
	real  bool // printed with a decimal point
	owner int  // the partition that it is about, from 1; 0 for none
}

// has says whether a subtask has the metric: those of a partition only the one
// that reads it.
func (e entry) has(subtask, parallelism int) bool {
	return e.owner == 0 || (e.owner-1)%parallelism == subtask
}

// text is a value as Flink prints it.
func (e entry) text(x float64) string {
	if !e.real {
		return strconv.FormatInt(int64(x), 10)
	}
	return javaDouble(x)
}

func (c *catalog) add(name string, e entry) {
	if _, there := c.byName[name]; !there {
		c.names = append(c.names, name)
	}
	c.byName[name] = e
}

type (
	count = func(d *subtaskDump) int64
	rate  = func(d *subtaskDump) float64
)

func (c *catalog) count(name string, of count) {
	c.add(name, entry{value: func(d *dump, v, k int) float64 { return float64(of(&d.vertices[v][k])) }})
}

func (c *catalog) rate(name string, of rate) {
	c.add(name, entry{real: true, value: func(d *dump, v, k int) float64 { return of(&d.vertices[v][k]) }})
}

// zero are metrics that the twin has no opinion on.
func (c *catalog) zero(names ...string) {
	for _, name := range names {
		c.count(name, func(*subtaskDump) int64 { return 0 })
	}
}

// catalogs are those of all vertices of a job. Vertices of one kind, in whatever job,
// share one: nothing in it is about a job.
func (j *job) catalogs() []*catalog {
	all := make([]*catalog, len(j.spec.Vertices))
	for v := range all {
		kind := j.kind(v)
		if all[v] = j.twin.catalogs[kind]; all[v] == nil {
			all[v] = &catalog{byName: map[string]entry{}}
			all[v].task(j, v)
			all[v].operators(j, v)
			j.twin.catalogs[kind] = all[v]
		}
	}
	return all
}

// kind is all of a vertex that its catalog depends on.
func (j *job) kind(v int) string {
	spec, kind := &j.spec.Vertices[v], "no source"
	if s := j.spec.Graph.Vertices[v].Source; s != nil {
		kind = fmt.Sprintf("%q %t %t %t %t %d", spec.Topic, spec.CountsInput, spec.HidesLag, s.Endless, s.NoEventTime, s.Partitions)
	}
	return kind + " " + strings.Join(spec.Operators, " -> ")
}

// task adds the metrics of the task as a whole.
func (c *catalog) task(j *job, v int) {
	c.count("numRecordsIn", j.taskIn(v))
	c.rate("numRecordsInPerSecond", j.taskInRate(v))
	c.count("numRecordsOut", outOf)
	c.rate("numRecordsOutPerSecond", outRateOf)
	source := j.isSource(v)
	c.count("numBytesIn", func(d *subtaskDump) int64 { return d.networkIn(source) })
	c.rate("numBytesInPerSecond", func(d *subtaskDump) float64 { return bytesRate(d.networkIn(source), d.in, d.inRate) })
	c.count("numBytesOut", func(d *subtaskDump) int64 { return d.bytesOut })
	c.rate("numBytesOutPerSecond", func(d *subtaskDump) float64 { return bytesRate(d.bytesOut, d.out, d.outRate) })
	c.rate("busyTimeMsPerSecond", (*subtaskDump).busyRate)
	c.count("idleTimeMsPerSecond", func(d *subtaskDump) int64 { return d.idleRate })
	c.count("backPressuredTimeMsPerSecond", (*subtaskDump).blockedRate)
	c.count("softBackPressuredTimeMsPerSecond", func(d *subtaskDump) int64 { return d.softRate })
	c.count("hardBackPressuredTimeMsPerSecond", func(d *subtaskDump) int64 { return d.hardRate })
	c.rate("accumulateBusyTimeMs", func(d *subtaskDump) float64 { return float64(d.busy) })
	c.count("accumulateIdleTimeMs", func(d *subtaskDump) int64 { return d.idle })
	c.count("accumulateBackPressuredTimeMs", func(d *subtaskDump) int64 { return d.blocked })
	c.count("initializationTime", func(d *subtaskDump) int64 { return d.initialization })
	c.add("isBackPressured", entry{value: func(*dump, int, int) float64 { return 0 }})
	c.buffers("Shuffle.Netty.Input.Buffers.", "Shuffle.Netty.Output.Buffers.")
	if j.twin.config.Version == slots.V1_20 {
		c.buffers("buffers.", "buffers.")
	}
	c.network(source)
	c.zero("checkpointStartDelayNanos", "maxSoftBackPressureTimeMs", "maxHardBackPressureTimeMs", "mailboxQueueSize",
		"numFiredTimers", "numFiredTimersPerSecond", "changelogBusyTimeMsPerSecond", "mailboxMailsPerSecond")
	for _, s := range []string{"min", "max", "mean", "median", "p75", "p90", "p95", "p98", "p99", "p999", "stddev"} {
		c.zero("mailboxLatencyMs_" + s)
	}
	if !source {
		c.zero("checkpointAlignmentTime")
		c.count("currentInputWatermark", watermarkOf)
	}
}

func outOf(d *subtaskDump) int64         { return d.out }
func outRateOf(d *subtaskDump) float64   { return d.outRate }
func inOf(d *subtaskDump) int64          { return d.in }
func inRateOf(d *subtaskDump) float64    { return d.inRate }
func watermarkOf(d *subtaskDump) int64   { return d.watermark }
func (j *job) isSource(v int) bool       { return j.spec.Graph.Vertices[v].Source != nil }
func (d *subtaskDump) none() int64       { return 0 }
func (d *subtaskDump) standing() float64 { return 0 }

// taskIn counts what a task receives. A source receives nothing, unless its
// connector counts what it reads.
func (j *job) taskIn(v int) count {
	if j.isSource(v) && !j.spec.Vertices[v].CountsInput {
		return (*subtaskDump).none
	}
	return inOf
}

func (j *job) taskInRate(v int) rate {
	if j.isSource(v) && !j.spec.Vertices[v].CountsInput {
		return (*subtaskDump).standing
	}
	return inRateOf
}

// networkIn is what came over the network.
func (d *subtaskDump) networkIn(source bool) int64 {
	if source {
		return 0
	}
	return d.bytesIn
}

// bytesRate is a rate in bytes/s of records of one size.
func bytesRate(bytes, records int64, rate float64) float64 {
	if records == 0 {
		return 0
	}
	return rate * float64(bytes) / float64(records)
}

func (c *catalog) buffers(in, out string) {
	c.rate(in+"inPoolUsage", func(d *subtaskDump) float64 { return d.inputFill })
	c.rate(in+"inputExclusiveBuffersUsage", func(d *subtaskDump) float64 { return d.inputFill })
	c.rate(in+"inputFloatingBuffersUsage", func(d *subtaskDump) float64 { return d.inputFill })
	c.zero(in+"inputQueueLength", in+"inputQueueSize")
	c.rate(out+"outPoolUsage", func(d *subtaskDump) float64 { return d.outputFill })
	c.zero(out+"outputQueueLength", out+"outputQueueSize")
}

// network adds the counters of buffers and bytes by where they come from. All is
// taken for local.
func (c *catalog) network(source bool) {
	buffers := func(bytes int64) int64 { return (bytes + segment - 1) / segment }
	for _, at := range []string{"", "Shuffle.Netty.Input."} {
		c.count(at+"numBytesInLocal", func(d *subtaskDump) int64 { return d.networkIn(source) })
		c.rate(at+"numBytesInLocalPerSecond", func(d *subtaskDump) float64 { return bytesRate(d.networkIn(source), d.in, d.inRate) })
		c.count(at+"numBuffersInLocal", func(d *subtaskDump) int64 { return buffers(d.networkIn(source)) })
		c.rate(at+"numBuffersInLocalPerSecond", func(d *subtaskDump) float64 {
			return bytesRate(d.networkIn(source), d.in, d.inRate) / segment
		})
		c.zero(at+"numBytesInRemote", at+"numBytesInRemotePerSecond", at+"numBuffersInRemote", at+"numBuffersInRemotePerSecond")
	}
	c.count("numBuffersOut", func(d *subtaskDump) int64 { return buffers(d.bytesOut) })
	c.rate("numBuffersOutPerSecond", func(d *subtaskDump) float64 { return bytesRate(d.bytesOut, d.out, d.outRate) / segment })
}

// operators adds the metrics of each operator of the chain. Within a chain all
// operators take in what the first does.
func (c *catalog) operators(j *job, v int) {
	spec := &j.spec.Vertices[v]
	for i, operator := range spec.Operators {
		name, last := flink.InMetricName(operator)+".", i == len(spec.Operators)-1
		if i == 0 && j.isSource(v) {
			c.source(j, v, name)
		} else {
			c.count(name+"currentInputWatermark", watermarkOf)
		}
		c.count(name+"currentOutputWatermark", watermarkOf)
		c.count(name+"numRecordsIn", inOf)
		c.rate(name+"numRecordsInPerSecond", inRateOf)
		c.zero(name+"numBytesIn", name+"numBytesInPerSecond", name+"numBytesOutPerSecond")
		switch {
		case last && strings.HasSuffix(operator, ": Writer"):
			c.count(name+"numRecordsSend", inOf)
			c.zero(name+"numBytesSend", name+"numRecordsSendErrors", name+"numRecordsOutPerSecond")
			continue
		case last && len(spec.Operators) > 1 || last && !j.isSource(v):
			c.count(name+"numRecordsOut", outOf)
			c.rate(name+"numRecordsOutPerSecond", outRateOf)
		default:
			c.count(name+"numRecordsOut", inOf)
			c.rate(name+"numRecordsOutPerSecond", inRateOf)
		}
		c.zero(name + "numBytesOut")
	}
}

// source adds what only sources have.
func (c *catalog) source(j *job, v int, name string) {
	spec, source := &j.spec.Vertices[v], j.spec.Graph.Vertices[v].Source
	c.zero(name+"numRecordsInErrors", name+"sourceIdleTime")
	if !spec.HidesLag && !source.Endless {
		c.count(name+"pendingRecords", func(d *subtaskDump) int64 { return d.pending })
	}
	if !source.NoEventTime {
		c.add(name+"currentEmitEventTimeLag", entry{value: func(d *dump, v, k int) float64 {
			if s := &d.vertices[v][k]; s.hasEmitted {
				return float64(d.at.UnixMilli() - s.emitted)
			}
			return noWatermark
		}})
	}
	if spec.Topic == "" {
		return
	}
	c.zero(name+"KafkaSourceReader.commitsSucceeded", name+"KafkaSourceReader.commitsFailed")
	for p := range source.Partitions {
		c.add(fmt.Sprintf("%sKafkaSourceReader.topic.%s.partition.%d.committedOffset", name, spec.Topic, p), entry{
			owner: p + 1, value: func(d *dump, v, _ int) float64 { return float64(d.job.committed(v, p)) },
		})
		c.add(fmt.Sprintf("%sKafkaSourceReader.topic.%s.partition.%d.currentOffset", name, spec.Topic, p), entry{
			owner: p + 1,
			value: func(d *dump, v, _ int) float64 {
				if p < len(d.offsets[v]) {
					return d.offsets[v][p]
				}
				return -1
			},
		})
		if j.twin.config.Version != slots.V1_20 {
			c.split(fmt.Sprintf("%ssplit.%s-%d.watermark.", name, spec.Topic, p), p+1)
		}
	}
}

// split adds what 2.x says of the watermark of a partition: here none is ever idle, or
// paused to wait for another.
func (c *catalog) split(prefix string, owner int) {
	add := func(name string, of func(d *subtaskDump) int64) {
		c.add(prefix+name, entry{owner: owner, value: func(d *dump, v, k int) float64 { return float64(of(&d.vertices[v][k])) }})
	}
	add("currentWatermark", watermarkOf)
	add("activeTimeMsPerSecond", func(*subtaskDump) int64 { return 1000 })
	add("accumulatedActiveTimeMs", func(d *subtaskDump) int64 { return d.busy + d.idle + d.blocked })
	for _, state := range [...]string{"idle", "paused"} {
		add(state+"TimeMsPerSecond", (*subtaskDump).none)
		add("accumulated"+strings.ToUpper(state[:1])+state[1:]+"TimeMs", (*subtaskDump).none)
	}
}

// committed is the offset of a partition at the last checkpoint, -1 before it.
func (j *job) committed(v, partition int) int64 {
	at := j.checkpoints.back()
	if at == nil || v >= len(at.Offsets) || partition >= len(at.Offsets[v]) {
		return -1
	}
	return int64(at.Offsets[v][partition])
}

// javaDouble prints a number as Java does, as far as there is a decimal point.
func javaDouble(x float64) string {
	text := strconv.FormatFloat(x, 'f', -1, 64)
	if !strings.ContainsAny(text, ".NI") {
		text += ".0"
	}
	return text
}
