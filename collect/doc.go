// Package collect takes samples of running jobs over Flink's REST API. It
// implements autoscaler.MetricCollector twice, once for each way to estimate
// rates: [Reference] reads what Flink's Java autoscaler reads, [Counters] reads
// accumulated counters, in one request for the job and one for each source.
// [ByEstimator] serves each job with the one that its configuration names.
//
// A collector reports what Flink said and nothing else: what was not sent, was
// incomplete or makes no sense is absent from the sample, never zero. Rates,
// windows and decisions are made of samples in package scaling and must not be
// made here.
//
// Start reading at [Counters.Collect]; names.go and sources.go say which
// metrics of a source are asked for, subtasks.go when single subtasks are read.
package collect
