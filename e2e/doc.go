// Package e2e runs the real command beside real Flink clusters and holds what it
// does against what Flink says. It has tests only. They need Java, Maven and pip,
// take minutes, and run in the stage "real" of make test; those that take longer
// run in make test-full.
package e2e
