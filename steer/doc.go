// Package steer carries out what people ask of a running Sluice by hand: to keep its
// hand off a job, to rescale one, to show what a cluster says. Each act is told as an
// event, with who did it.
//
// It stands between package dashboard, which knows who asks, and the parts that do:
// control's holds, realize/byhand, Flink's clients. What must not live here: HTTP,
// and who may ask.
package steer
