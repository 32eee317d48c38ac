// Package script is a small language for the behaviour of Flink's elastic schedulers: what happens to a cluster and its
// job, one event a line, and what one should see.
//
//	flink 1.20 2.3                           # the versions that it applies to
//	set heartbeat.interval 5s                # an option of the cluster
//	job source=4 work=4/8@g2 count=4         # vertices of a chain: name=parallelism[/max parallelism][@sharing group]
//	job-option execution.checkpointing.interval 5s
//	at 0s add-taskmanager tm1 slots=2        # at this time of the script's clock, which starts when the JobManager is up
//	submit                                   # now
//	expect RUNNING 2,2,2 after 10s..11s      # first true in this span after the last action; the clock moves there
//	at +40s put source=1:2 work=1:2 count=1:2
//	expect status=200
//	[2.3] expect RESTARTING after 0s..15s    # for one version alone
//	stay slots=4 free=0 for 20s
//
// A script runs on a real cluster or on the schedulers of this module in virtual time. Either way a [Run] comes out:
// what was done when, and what was seen. [Check] holds a run against its script, [Compare] one run against another.
//
// Here live the language, the form of a run, and both comparisons. Start reading at script.go. What must not live here:
// anything that starts a process or asks a REST interface.
package script
