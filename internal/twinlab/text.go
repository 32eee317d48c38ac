package twinlab

// The words of the page.
const (
	introText = `# The twin beside real Flink

Written by ` + "`go test ./internal/twinlab -update`" + `, from recordings in internal/twinlab/testdata: real clusters of Flink 2.3.0 and 1.20.5 on loopback, with the load job of the end-to-end tests (source, a keyed vertex ` + "`work`" + ` of 1 ms a record, ` + "`enrich`" + ` of 0.1 ms; the costs are slept, not burnt) and Flink's own staleness: metrics are fetched every 10 s, graphs are up to 3 s old. Other programs ran on the same machine.

The twin gets the load that the real job had, to the millisecond, and what a record cost there: busy time by record over the whole recording, which is a few per cent more than what the job was told to sleep. It is asked what the real cluster was asked, when that was asked, and answers as late. Its first checkpoint is put where the real one was; all else is its own.

## The recorded half hour

` + "`sluice run`" + ` beside a real cluster, a window of 1 min, one look every 5 s; the load goes 500, 2450, 1050, 3850, 500 records/s and then twice along a sine between 500 and 2900. The same autoscaler beside the twin comes to the same decisions in the same order, at the same look or a few earlier or later: what it sees depends on which of its looks lets Flink fetch metrics, and a decision shifts that for all that follow. Levels were chosen before the recording so that no target stands at the edge to another one.
`
	loadsText = `
## Loads

The twin is told the sizes that were asked for on the real cluster, when they were; when it runs at them is up to its scheduler. A stretch begins 20 s after the last jump of the load, change of size or restart on either side, and when no backlog is left on either; counters are compared between the same fetches. Rates have to be within 5 % of the real ones. Busy, idle and back-pressured time of ` + "`work`" + ` have to be within 5 % of the real ones or 2 % of the time; those of the other vertices within 5 % of the time, since waking up for one record is busy time too and is no cost of a record.

| load | stretch | source/work/enrich | work, records/s: real, twin | work busy, ms/s | source back-pressured, ms/s | not read at most | off the most |
|---|---|---|---|---|---|---|---|
`
	caughtUpText = `
| backlog in a topic | read after: real | twin |
|---|---|---|
`
	decidedText = `
What the twin's own autoscaler decides under these loads, beside the real one:

| load | real | twin |
|---|---|---|
`
	saturatedText = `
Under a backlog in Kafka they differ. What a Kafka source reports as pending covers only the partitions that its consumer is handing out at the moment: with 130,000 records unread it said 373 and then 8,309, which looks like a load that grows by 800 records/s. The twin reports all that is unread, and an autoscaler beside it grows the job less.

## A saturated job

Experiments 21 and 22: a source of 2 ms a record, two subtasks of each vertex, the one in the middle of 10 ms. Gauges by subtask, from the second minute of full buffers on; checkpoints one after the other.

| | Flink 1.20.5 | twin | Flink 2.3.0 | twin |
|---|---|---|---|---|
`
	metersText = `
Checkpoints of full buffers differ by how full the buffers were that the barriers of the one before had cut, which the twin does not follow: it has their mean.

## Meters after a rescale

Experiment 23: 600 records/s at some 2 ms, from 2 to 4 subtasks. The counter begins anew and the meter climbs for a minute. Gauges move every 5 s, at times that are the TaskManager's own. They first move 5 to 10 s after a start and divide that by 5 s, so that idle time looks too long, and busy time too short, for a minute.

| Flink | seconds after RUNNING | numRecordsIn: real, twin | numRecordsInPerSecond: real, twin | busyTimeMsPerSecond: real, twin |
|---|---|---|---|---|
`
)
