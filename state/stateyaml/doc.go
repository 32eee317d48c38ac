// Package stateyaml writes what is remembered of jobs as text that people read
// and change: a YAML document for each job, or a JSON document a line. All of
// [autoscaler.State] is in it, to the last bit, so that reading gives back what
// was written.
//
// Reading is strict: an unknown field, a value of the wrong kind, a job that is
// there twice are errors that name the line. Each document says the version of
// its form, sluice-state: 1.
//
// What must not live here: stores, and anything that opens a file.
//
// Start with [Write] and [Read]; document.go shows the form.
package stateyaml
