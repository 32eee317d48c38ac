package batchlab

import (
	"fmt"
	"slices"
	"strings"
)

const pageHead = `# Batch jobs of real Flink, and what we derive

Written by ` + "`go test ./internal/batchlab -run Page -update`" + ` from recorded runs of batch jobs on real session clusters of one TaskManager with four slots, and from the answers of Flink's own decider.

An agent in the JobManager wrote down the bytes of every subpartition, as tasks reported them, and every vertex as it got its tasks. It changes nothing. From the bytes, the cluster's options and what sources said, [scheduler/batch](../../scheduler/batch) derives for each vertex the parallelism, the partitions and subpartitions that each task reads, and how many subpartitions it writes. A vertex agrees when all three are Flink's, and when the bytes that Flink's REST interface shows for every task (` + "`read-bytes`, `write-bytes`" + `) are those of its ranges. The scheduler as a whole is replayed from the same recordings, and makes the same tasks in the same order.

## Flink's own decider

A test calls the classes that decide in Flink, without a cluster, with %d cases that were thought of and others that it draws anew each time: 2,000 for each version in ` + "`make test`" + `, 200,000 in ` + "`make test-full`" + `. Parallelism and ranges have to be the same, and what Flink throws at has to be refused. %d cases with their answers lie in scheduler/batch/testdata, for a machine without Java.

## Seen on the way

- ` + "`write-bytes`" + ` of a task are the bytes that its subpartitions hold, to the byte. The first source of the job pointwise writes 21 bytes a record (length, tag, time, number) and 26 more into each subpartition, always: neither the headers of buffers nor compression are in the figures.
- ` + "`read-bytes`" + ` are those of the subpartitions that a task reads, to the byte, but for two things. Each subpartition ends with nine bytes, the end of the data (5) and the end of the partition (4). From 2.3 on, a task that reads several subpartitions of one partition counts those nine bytes once. And in both versions a task of the DataStream job that sorts its keyed input counts the last four bytes of some partitions only: %d bytes in %d tasks here; which, varies. The column "not counted" is the sum of both.
- A broadcast is written once and read by every task, so bytes written and read do not match on such an edge.
- Batch options in the configuration of one job were not heeded by a session cluster of 2.3.0: only the cluster's are (tried by hand, not recorded). SQL's own options (` + "`table.optimizer.…`" + `) are the job's.
- On a cluster with ` + "`jobmanager.scheduler: adaptive`" + ` batch jobs go to the Adaptive Batch Scheduler, but the parallelism is not decided from data: every vertex has that of the job, whatever the options say. The setting "adaptive" shows it.
- Where no largest parallelism is set, Flink takes that of the job. A job that is submitted over REST or the web interface without one has parallelism 1, and so has every vertex of it: the setting "defaults". ` + "`/jobs/:id/config`" + ` tells, as ` + "`job-parallelism`" + `.
- SQL's file source says how many tasks it has work for: one for each file here. The default source parallelism bounds it.
- Flink 2.3 turns the join of "late-broadcast" into a broadcast join after both sides were written by hash. It then reads the small side whole, from all its subpartitions, and the other side pointwise: as if by rescale, though it has as many subpartitions as for a hash.
- Flink 2.3 works out the even distribution once more for a line of its log after each decision, for each input, and fails the job if a task of it would get no subpartition. That takes a result with fewer subpartitions than the vertex has tasks.

## Settings

| setting | options of the cluster |
|---|---|
`

// Page is the comparison for a reader.
func Page(recordings []*Recording, cases, vectors int) (string, error) {
	var tables strings.Builder
	var loose int64
	looseTasks, vertices, tasks, differ := 0, 0, 0, 0
	for _, r := range recordings {
		rows, err := Compare(r)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&tables, "\n### %s: %s, %s\n\n| vertex | bytes of its inputs | Flink chose | we derive | from | not counted | agrees |\n|---|---|---|---|---|---|---|\n", r.Flink, r.Setting, r.Name)
		for _, row := range rows {
			agrees := "yes"
			if len(row.Differs) > 0 {
				agrees = "**no: " + strings.Join(row.Differs, ", ") + "**"
				differ++
			}
			vertices, tasks, loose = vertices+1, tasks+row.Tasks, loose+row.Loose
			looseTasks += row.LooseTasks
			fmt.Fprintf(&tables, "| %s | %d | %d | %d | %s | %d | %s |\n", cell(row.Vertex), row.Bytes, row.Flink, row.Ours, row.Why, row.Unread, agrees)
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, pageHead, cases, vectors, loose, looseTasks)
	for _, s := range Settings {
		fmt.Fprintf(&b, "| %s | %s |\n", s.Name, options(s.Options))
	}
	fmt.Fprintf(&b, "\n## Vertex by vertex\n\n%d vertices of %d runs, with %d tasks that read something: %s.\n%s", vertices, len(recordings), tasks, verdict(differ), tables.String())
	return b.String(), nil
}

func verdict(differ int) string {
	if differ == 0 {
		return "all agree"
	}
	return fmt.Sprintf("**%d vertices do not agree**", differ)
}

func options(of map[string]string) string {
	var all []string
	for key, value := range of {
		all = append(all, fmt.Sprintf("`%s: %s`", key, value))
	}
	slices.Sort(all)
	if len(all) == 0 {
		return "none"
	}
	return strings.Join(all, "<br>")
}

// cell is a name of a vertex that keeps a table in shape.
func cell(name string) string {
	const most = 70
	if len(name) > most {
		name = name[:most] + " …"
	}
	return strings.NewReplacer("|", `\|`, "<", "&lt;", ">", "&gt;", "*", `\*`, "[", `\[`).Replace(name)
}
