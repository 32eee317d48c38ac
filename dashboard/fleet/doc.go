// Package fleet keeps what the control loop saw of every job, for people to look
// at: where each job stands now, how it got there, and what was decided on the way.
//
// A [Book] is fed as the autoscaler's recorder of decisions and as one of its event
// handlers, and is read by whoever shows it. All that it keeps is bounded, by count
// and by age, and lives in memory: what has to outlive the process is in the stores
// of packages state, events and decisions.
//
// Start reading at book.go, which takes in, and summary.go, which answers; state.go
// says in one word where a job stands, series.go thins a job's past out as it ages,
// past.go brings it back after a restart, others.go has the jobs of other processes.
// What must not live here: HTTP, and anything that changes a job.
package fleet
