// Package rest lets a twin answer over HTTP: at / and /v1 as Flink's REST interface
// does, under /twin/v1 what Flink has no word for: its clock, TaskManagers that come
// and go, loads, costs, faults, snapshots.
//
// The twin's clock follows the real one at a speed, or stands until it is told to
// move. All requests take their turn: a twin serves one at a time.
//
// Start reading at server.go; pace.go is how virtual time follows real time,
// flink.go the face that Flink's clients see, and own.go the rest. What must not
// live here: what a twin does, and what Flink answers.
package rest
