// Package metrics tells Prometheus what Sluice sees and does: of every job and vertex
// what the newest pass came to, of every cluster how the loop goes.
//
// It reads what a [fleet.Book] holds at the moment of a scrape, so that what is gone
// is gone from the metrics too, and counts what the loop reports. The number of jobs
// is bounded; what was left out is counted. Subtasks are no label, ever.
//
// Names and units are Prometheus's: seconds, ratios of 1, records. docs/metrics.md
// lists them all. What must not live here: HTTP beyond the handler, and alerts
// (deploy/prometheus).
package metrics
