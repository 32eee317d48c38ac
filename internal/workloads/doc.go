// Package workloads runs workloads that others published in the twin, with the
// autoscaler at work on them, and holds the outcome beside what they reached: the
// word count and the Nexmark queries of DS2, and the ADS and CARS traces of Demeter.
//
// Start reading at published.go, which is what is known of them, and run.go, which
// lets one happen. ds2.go and demeter.go make jobs of the workloads, meter.go measures
// the long runs, and page.go writes the tables of
// docs/measured/workloads.md.
//
// What must not live here: anything that makes the autoscaler fit a workload, apart
// from the options that a published run had.
package workloads
