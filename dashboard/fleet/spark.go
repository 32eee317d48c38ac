package fleet

import "time"

const (
	// sparkPoints is what a sparkline has room for, and sparkSpan how far back it goes.
	sparkPoints = 40
	sparkSpan   = 30 * time.Minute
	// sparkKept is how long a sparkline is good for of which nothing is new.
	sparkKept = 20 * time.Second
)

// spark is a sparkline that was made, and what of. Lists of many jobs are asked for
// more often than there is news of each.
type spark struct {
	points     []Point
	at, newest time.Time
	count      int
}

// sparkline is the last half hour, in few points that nobody changes. The book's lock
// is held for reading at least.
func (j *job) sparkline(now time.Time) []Point {
	made := spark{at: now, count: j.past.tiers[0].count()}
	if made.count > 0 {
		made.newest = j.past.tiers[0].at(made.count - 1).At
	}
	if last := j.spark.Load(); last != nil && last.count == made.count && last.newest.Equal(made.newest) && !now.Before(last.at) && now.Sub(last.at) < sparkKept {
		return last.points
	}
	made.points = j.past.between(now.Add(-sparkSpan), now.Add(time.Second), sparkPoints)
	j.spark.Store(&made)
	return made.points
}
