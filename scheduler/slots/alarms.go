package slots

import "time"

// alarms are the timers of a ResourceManager, at most one of a kind. They fire in
// the order of their times, and of their setting where those are equal.
type alarms struct {
	all  [alarmKinds]alarm
	last int // number of the alarm set last
}

type alarmKind int

const (
	alarmCheck     alarmKind = iota // compare what jobs want with what they have
	alarmStartUp                    // the start-up period ends
	alarmReconcile                  // look for idle and superfluous TaskManagers
	alarmDeclare                    // say how many TaskManagers are needed
	alarmRetry                      // the pause after failed starts ends
	alarmKinds
)

// alarm is one timer; it is not set if its number is 0.
type alarm struct {
	kind   alarmKind
	at     time.Time
	number int
}

func (a alarm) before(b alarm) bool {
	if !a.at.Equal(b.at) {
		return a.at.Before(b.at)
	}
	return a.number < b.number
}

// number is the next alarm's.
func (a *alarms) number() int {
	a.last++
	return a.last
}

func (a *alarms) set(k alarmKind, at time.Time) {
	a.all[k] = alarm{kind: k, at: at, number: a.number()}
}

// setOnce leaves an alarm that is set already as it is.
func (a *alarms) setOnce(k alarmKind, at time.Time) {
	if a.all[k].number == 0 {
		a.set(k, at)
	}
}

func (a *alarms) clear(k alarmKind) { a.all[k] = alarm{} }

// first is the alarm that fires next.
func (a *alarms) first() (alarm, bool) {
	var first alarm
	for _, other := range a.all {
		if other.number > 0 && (first.number == 0 || other.before(first)) {
			first = other
		}
	}
	return first, first.number > 0
}
