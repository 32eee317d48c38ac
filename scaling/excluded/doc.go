// Package excluded reads the periods of job.autoscaler.excluded.periods, in
// which decisions are not carried out, and says whether a moment lies in one.
//
// A period is a daily expression (9:30-11:00), a Quartz cron expression
// (* * 9-11 ? * MON-FRI), or one of each joined by &&. Texts are accepted, and
// moments judged, as by Quartz 2.4, which the reference uses; what Quartz
// accepts and then fails on is refused. daily.go and cron.go judge, element.go
// reads the parts of a cron expression, field.go holds what they allow.
//
// What must not live here: the clock, the choice of the time zone (the caller
// hands in moments in the zone it wants), and what an excluded moment means to
// a decision.
//
// Start reading at [Parse].
package excluded
