package quartzcheck

import (
	_ "embed"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Kinds of questions.
const (
	Cron  = "cron"
	Daily = "daily"
)

// zones have changes of the clock by an hour and by half an hour, at midnight
// and by night, in either half of the year, and none.
var zones = []string{"UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Sao_Paulo", "Asia/Kolkata"}

// Questions returns n random questions, the same for the same seed: every
// third expression spoilt, every eighth a daily one, half of the moments near
// a change of the clock.
func Questions(seed uint64, n int) []Question {
	g := generator{rand.New(rand.NewPCG(seed, 0))}
	questions := make([]Question, n)
	for i := range questions {
		questions[i] = g.question(i%8 == 0, i%3 == 0)
	}
	return questions
}

//go:embed edges.txt
var edges string

// Edges returns a question for each edge of the syntax that a line of edges.txt
// has, with moments in a year around a leap day.
func Edges() []Question {
	var questions []Question
	for line := range strings.Lines(edges) {
		q := Question{Kind: Cron, Zone: "UTC", Expression: strings.TrimSuffix(line, "\n")}
		for day := range 12 {
			q.Moments = append(q.Moments, time.Date(2023, 7, 1, 0, 5, 7, 0, time.UTC).Add(time.Duration(day)*31*24*time.Hour+time.Duration(day)*time.Hour))
		}
		questions = append(questions, q)
	}
	return questions
}

type generator struct{ *rand.Rand }

func (g generator) question(daily, spoilt bool) Question {
	q := Question{Kind: Cron, Zone: g.pick(zones...)}
	for q.Expression == "" || unanswerable(q.Expression) {
		if q.Expression = g.cron(); daily {
			q.Kind, q.Expression = Daily, g.daily()
		}
		if spoilt {
			q.Expression = g.spoil(q.Expression)
		}
	}
	for range 2 {
		q.Moments = append(q.Moments, g.moment(q.Zone))
	}
	return q
}

func (g generator) pick(from ...string) string { return from[g.IntN(len(from))] }

func (g generator) between(least, most int) int { return least + g.IntN(most-least+1) }

// moment lies between 1990 and 2036, within which the time zone rules that
// Java and Go know are the same.
func (g generator) moment(zone string) time.Time {
	from, to := time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2036, 1, 1, 0, 0, 0, 0, time.UTC)
	t := from.Add(time.Duration(g.Int64N(int64(to.Sub(from))))).Truncate(time.Millisecond)
	location, err := time.LoadLocation(zone)
	if err != nil || g.IntN(2) == 0 {
		return t
	}
	if _, change := t.In(location).ZoneBounds(); !change.IsZero() {
		return change.Add(time.Duration(g.between(-150, 150)) * time.Minute).UTC()
	}
	return t
}

func (g generator) daily() string {
	return g.clock() + "-" + g.clock()
}

func (g generator) clock() string {
	format := g.pick("%d:%02d", "%02d:%02d:%02d", "%02d:%02d:%02d:%03d")
	numbers := []any{g.between(0, 24), g.between(0, 60), g.between(0, 60), g.between(0, 1000)}
	if g.IntN(2) == 0 {
		numbers[0] = g.between(0, 4) // where the clock is changed
	}
	return fmt.Sprintf(format, numbers[:strings.Count(format, "%")]...)
}

var (
	months   = []string{"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"}
	weekdays = []string{"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"}
)

func (g generator) cron() string {
	days, weekdays := g.daysOfMonth(), "?"
	if g.IntN(2) == 0 {
		days, weekdays = "?", g.daysOfWeek()
	}
	fields := []string{g.numbers(0, 59), g.numbers(0, 59), g.numbers(0, 23), days, g.monthNames(), weekdays}
	if g.IntN(3) == 0 {
		fields = append(fields, g.years())
	}
	text := strings.Join(fields, " ")
	if g.IntN(10) == 0 {
		return strings.ToLower(text)
	}
	return text
}

// numbers is a list of numbers, ranges and steps.
func (g generator) numbers(least, most int) string {
	if g.IntN(3) == 0 {
		return "*"
	}
	elements := make([]string, g.between(1, 3))
	for i := range elements {
		a, b, step := g.between(least, most), g.between(least, most), g.between(0, most)
		elements[i] = g.pick(
			strconv.Itoa(a),
			fmt.Sprintf("%d-%d", a, b),
			fmt.Sprintf("%d-%d/%d", a, b, step),
			fmt.Sprintf("%d/%d", a, step),
			fmt.Sprintf("*/%d", step),
			fmt.Sprintf("/%d", step))
	}
	return strings.Join(elements, ",")
}

func (g generator) daysOfMonth() string {
	if g.IntN(2) == 0 {
		return g.numbers(1, 31)
	}
	return g.pick("L", "LW", fmt.Sprintf("L-%d", g.between(0, 31)), fmt.Sprintf("L-%dW", g.between(0, 31)),
		fmt.Sprintf("%dW", g.between(1, 32)), fmt.Sprintf("%dW,%d", g.between(1, 31), g.between(1, 31)))
}

func (g generator) monthNames() string {
	if g.IntN(2) == 0 {
		return g.numbers(1, 12)
	}
	return g.names(months)
}

func (g generator) daysOfWeek() string {
	name := g.pick(weekdays...)
	switch g.IntN(4) {
	case 0:
		return g.numbers(1, 7)
	case 1:
		return g.names(weekdays)
	}
	return g.pick("L", name+"L", fmt.Sprintf("%dL", g.between(0, 8)), fmt.Sprintf("%s#%d", name, g.between(0, 6)),
		fmt.Sprintf("%d#%d", g.between(0, 8), g.between(1, 5)), fmt.Sprintf("%d#%d,%s", g.between(1, 7), g.between(1, 5), name))
}

func (g generator) names(names []string) string {
	elements := make([]string, g.between(1, 3))
	for i := range elements {
		a, b := g.pick(names...), g.pick(names...)
		elements[i] = g.pick(a, a+"-"+b)
	}
	return strings.Join(elements, ",")
}

func (g generator) years() string {
	a, b := g.between(1990, 2035), g.between(1990, 2040)
	return g.pick("*", strconv.Itoa(a), fmt.Sprintf("%d-%d", a, b), fmt.Sprintf("%d/%d", a, g.between(0, 9)),
		fmt.Sprintf("*/%d", g.between(0, 4)), fmt.Sprintf("%d,%d", a, b), fmt.Sprintf("%d-%d/%d", a, b, g.between(0, 5)))
}

// spoil changes one or two characters.
func (g generator) spoil(text string) string {
	const characters = "0123456789,-*/?LW#: ADFJMNORSTUVX"
	spoilt := []byte(text)
	for range g.between(1, 2) {
		at := g.IntN(len(spoilt))
		with := characters[g.IntN(len(characters))]
		switch g.IntN(3) {
		case 0:
			spoilt[at] = with
		case 1:
			spoilt = append(spoilt[:at], append([]byte{with}, spoilt[at:]...)...)
		default:
			spoilt = append(spoilt[:at], spoilt[at+1:]...)
		}
	}
	return string(spoilt)
}

// unanswerable says whether a text is one that Quartz may not answer, or not
// in each year alike.
func unanswerable(text string) bool {
	fields := strings.Fields(strings.ToUpper(text))
	if len(fields) > 6 && isElement(fields[6], dependsOnToday) {
		return true
	}
	return slices.ContainsFunc(fields, func(f string) bool { return isElement(f, isSoughtForever) })
}

func isElement(field string, is func(string) bool) bool {
	return slices.ContainsFunc(strings.Split(field, ","), is)
}

// isSoughtForever: the nearest weekday to a day before the 1st, as 0W, or
// L-28W in February, lets Quartz look for a next moment without end.
func isSoughtForever(element string) bool {
	day, _, nearest := strings.Cut(element, "W")
	before, last := strings.CutPrefix(day, "L-")
	n, err := strconv.Atoi(before)
	return nearest && err == nil && (last && n >= 28 || !last && n == 0)
}

// dependsOnToday: steps that begin more than a hundred years from now are
// invalid.
func dependsOnToday(element string) bool {
	from, _, stepped := strings.Cut(element, "/")
	n, err := strconv.Atoi(from)
	return stepped && err == nil && n >= 2100 && n <= 2999
}
